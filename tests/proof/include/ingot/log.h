/* In place of <ingot/log.h>: what is said is no part of what is proved. */
#pragma once

#define LOG_SUBSYSTEM_DEFINE(subsystem) extern int log_subsystem_##subsystem
#define log_error(...) ((void)0)
#define log_warn(...)  ((void)0)
#define log_info(...)  ((void)0)
#define log_debug(...) ((void)0)
