"""Which lines of the four packages the tests run, in every process that has a part in them."""
