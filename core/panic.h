/* The crash report, for the core's own files. Applications see <ingot/panic.h>. */
#pragma once

#include <stdarg.h>

#include "core/arch.h"

struct panic_scene {
    const char *code;                          /* one upper-case word: "PAGE-FAULT" */
    struct arch_place place;                   /* where it happened */
    const void *registers;                     /* as arch_tell_registers() takes them */
};

/* Tells the scene and the sentence on every sink, then ends by the policy panic=. Any context, however broken. */
_Noreturn void panic_show(const struct panic_scene *scene, const char *pattern, ...) __attribute__((format(gnu_printf, 2, 3), cold));

/* Where panic_code() goes on in C, once the CPU folder has noted its caller's registers. */
_Noreturn void panic_from(const char *code, const char *pattern, ...) __attribute__((format(gnu_printf, 2, 3), cold));
