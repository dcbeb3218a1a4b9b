"""Where the field is: regions, the units of the administration and its partners."""
