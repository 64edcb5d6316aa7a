# The core: everything an application stands on.
