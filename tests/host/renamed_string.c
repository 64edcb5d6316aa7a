/* core/string.c under the names of renamed_string.h. */
#include "renamed_string.h"

#define memcpy  ingot_memcpy
#define memmove ingot_memmove
#define memset  ingot_memset
#define memcmp  ingot_memcmp
#define memchr  ingot_memchr
#define strlen  ingot_strlen
#define strnlen ingot_strnlen
#define strcmp  ingot_strcmp
#define strncmp ingot_strncmp
#define strchr  ingot_strchr
#define strrchr ingot_strrchr
#define strstr  ingot_strstr
#define strlcpy ingot_strlcpy

#include "core/string.c"
