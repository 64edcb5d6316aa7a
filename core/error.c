#include <ingot/error.h>

const char *error_name(int error)
{
    static const char *const name[] = {
        "no error", "not found", "timed out", "out of memory", "bad value", "bad data", "not ready", "busy", "full", "unsupported",
        "fault",
    };
    unsigned index = error <= 0 ? (unsigned)-error : ~0u;

    return index < sizeof(name) / sizeof(name[0]) ? name[index] : "unknown error";
}
