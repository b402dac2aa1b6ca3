"""The commands, one module each, and what they share. The only room that prints."""
