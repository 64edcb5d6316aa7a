#include <ingot/error.h>

#include "core/words.h"

const char *error_name(int error)
{
    return word_at("unknown error\0" "no error\0" "not found\0" "timed out\0" "out of memory\0" "bad value\0" "bad data\0"
                   "not ready\0" "busy\0" "full\0" "unsupported\0" "fault\0" "not with Secure Boot on\0" "interrupted\0", 1 - (unsigned)error);
}
