"""Use-cases, one function each: ask the gate, work, write, complete the admission, commit."""
