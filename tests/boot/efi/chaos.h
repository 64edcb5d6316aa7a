/* What the files of chaos.efi share. Addresses are what they say only until the loader leaves the firmware.
 *
 * A word is acted on in two steps: when it is read, and, if it hooks what the firmware needs itself to load an image, once more by a
 * function arm_...() when the loader lies in memory and is about to be started. */
#pragma once

#include <efi.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern EFI_SYSTEM_TABLE *system_table;
extern EFI_BOOT_SERVICES *boot;
extern EFI_HANDLE device;                /* the volume that we came from */

/* Reads at most *bytes of a file of the volume into to, and says in *bytes how many. The path ends at a space or a control character. */
EFI_STATUS read_file(const char *path, void *to, UINTN *bytes);

/* A number as it is written, decimal or behind 0x, up to the first character that is no digit; *text is moved behind it. */
uint64_t number(const char **text);
bool starts_with(const char *text, const char *prefix);

/* The system table was changed: its sum is made anew. */
void seal_system_table(void);

/* Whether an address lies in the loader: calls of others go to the firmware as they are. */
bool is_loaders(const void *address);

/* Words, by file. Each takes what stands behind its "="; an error ends chaos.efi. */
EFI_STATUS acpi_install(const char *path);                /* chaos_acpi.c */
EFI_STATUS acpi_remove(const char *signature);
EFI_STATUS acpi_poke(const char *value);
EFI_STATUS acpi_root(const char *kind);

EFI_STATUS exit_fails(const char *count);                 /* chaos_boot.c */
EFI_STATUS exit_status(const char *status);
EFI_STATUS exit_allocates(const char *unused);
EFI_STATUS exit_hangs(const char *unused);
EFI_STATUS exit_leaves(const char *timer);
EFI_STATUS pages_fail(const char *count);
EFI_STATUS protocols_fail(const char *count);
EFI_STATUS watchdog(const char *seconds);
EFI_STATUS variables(const char *kind);
EFI_STATUS table(const char *kind);
void hide_displays(void);                                 /* from the loader */
void arm_boot(void);

EFI_STATUS map_extra(const char *count);                  /* chaos_map.c */
EFI_STATUS map_entry(const char *bytes);
EFI_STATUS map_grows(const char *count);
EFI_STATUS map_bad(const char *unused);
void arm_map(void);

EFI_STATUS display(const char *kind);                     /* chaos_display.c */

EFI_STATUS poison(const char *kind);                      /* chaos_memory.c */
EFI_STATUS control(const char *bits);
EFI_STATUS protect(const char *kind);
EFI_STATUS arm_protection(const EFI_LOADED_IMAGE_PROTOCOL *loader);

EFI_STATUS reads(const char *kind);                       /* chaos_volume.c */
EFI_STATUS arm_volume(void);

EFI_STATUS timer_left(const char *kind);                  /* chaos_timer.c: now, with interrupts off from here on */

EFI_STATUS tpm_tell_in_exit(const char *unused);          /* chaos_tpm.c */
