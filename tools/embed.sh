#!/bin/sh
# embed.sh FOLDER NAME...: assembly that holds these files, and all files of these folders, for the C library (apps/libc/tree.h). The program
# finds each by the name that it has in FOLDER.
set -eu

folder=$(cd "$1" && pwd)
shift
echo '    .section .data.rel.ro.libc_linked_files, "aw"
    .balign 8
    .globl libc_linked_files, libc_linked_files_end
    .hidden libc_linked_files, libc_linked_files_end
libc_linked_files:'
if [ $# -gt 0 ]; then
    (cd "$folder" && find -L "$@" -type f) | sort | while read -r file; do
        case $file in
        *\"* | *\\*) echo "embed: a file whose name holds \" or \\ cannot be linked: $file" >&2; exit 1 ;;
        esac
        printf '    .quad 1f, 2f, 3f\n    .pushsection .rodata.libc_file, "a"\n'
        printf '1:  .asciz "%s"\n    .balign 16\n2:  .incbin "%s"\n3:  .byte 0\n    .popsection\n' "$file" "$folder/$file"
    done
fi
echo 'libc_linked_files_end:
    .quad 0
    .section .note.GNU-stack, "", @progbits'
