# one word more than there is room for
s/argument_count == ARGUMENTS_MAX)/argument_count > ARGUMENTS_MAX)/
