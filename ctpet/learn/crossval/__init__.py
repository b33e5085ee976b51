"""Every patient predicted once, by a network that has not seen him."""
