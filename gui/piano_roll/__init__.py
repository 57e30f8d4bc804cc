"""The piano roll: pure geometry and edits, and the widgets that draw them."""
