"""Where templates are stored and searched; the only package that names the table `recognition_template`."""
