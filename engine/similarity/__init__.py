"""How like one loop is to another: what the songs of training share with a take, and what lies near it in a library."""
