/* Where gcc's own <limits.h> ends for applications without the C library: it looks for that of one behind its own. */
#pragma once
