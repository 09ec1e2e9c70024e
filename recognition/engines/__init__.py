"""What looks at pictures: detection, alignment, templates. Imports no Django; every method asks for a Permit."""
