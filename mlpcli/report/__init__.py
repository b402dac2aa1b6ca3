"""A page to look at and to send: one run or sweep, or several, in one HTML file."""
