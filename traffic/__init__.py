"""What passes the edge, whatever it is about: how much, how often, and whether it has been answered before."""
