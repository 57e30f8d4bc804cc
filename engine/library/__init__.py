"""Every take kept."""
