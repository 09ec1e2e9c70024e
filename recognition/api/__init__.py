"""The REST translators of recognition: HTTP in, keyword arguments out; a result in, HTTP out."""
