"""What the default engine says of a face beyond where it is: each kind of model in a module, `analyser` before them."""
