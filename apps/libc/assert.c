#include <ingot/panic.h>

/* What assert() of <assert.h> calls. */
_Noreturn void __assert_fail(const char *condition, const char *file, int line, const char *function);
_Noreturn void __assert_fail(const char *condition, const char *file, int line, const char *function)
{
    panic_code("ASSERT", "%s is not true, in %s (%s:%d)", condition, function, file, line);
}
