# the length of a record is believed
s/ || length > table->bytes - \*offset)/)/
