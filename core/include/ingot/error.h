/* Results: 0, or one of these negative values. A function's comment says which it returns and when. */
#pragma once

enum error {
    ERR_NOT_FOUND   = -1,    /* the machine has no such thing */
    ERR_TIMEOUT     = -2,    /* a bounded wait ran out */
    ERR_NO_MEMORY   = -3,
    ERR_BAD_VALUE   = -4,    /* an argument that the caller should have known better */
    ERR_BAD_DATA    = -5,    /* firmware, a device or a file said something that cannot be true */
    ERR_NOT_READY   = -6,    /* called before what it needs */
    ERR_BUSY        = -7,    /* taken by somebody else */
    ERR_FULL        = -8,    /* no room left in a table of fixed size */
    ERR_UNSUPPORTED = -9,    /* the thing is there, this way of using it is not */
    ERR_FAULT       = -10,   /* the address, port or register faulted or gave no answer */
    ERR_DENIED      = -11,   /* Secure Boot is on, and this would change what was signed */
    ERR_INTERRUPTED = -12,   /* by Ctrl-C */
};

/* The name of a result for logs, such as "not found". Any context. */
const char *error_name(int error);
