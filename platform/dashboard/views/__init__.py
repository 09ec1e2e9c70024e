"""Translators: a form in, keyword arguments of one use-case out; its result in, a page out."""
