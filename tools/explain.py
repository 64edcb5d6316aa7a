#!/usr/bin/python3
"""explain.py LIBC APP COMMAND...: says in sentences why a compiler's or linker's COMMAND fails on an application.

It is run after COMMAND has failed, once more, with its words kept; what they mean for who writes the application is told, one line each."""
import ctypes
import re
import subprocess
import sys

WHY = [                        # functions of other systems, and why they are not here
    (r"v?fork|exec[lv]\w*|f?execve|wait|wait[34p]\w*|popen|pclose|posix_spawn\w*|daemon|kill_pg", "there are no processes: one program has the machine"),
    (r"pthread_\w+|thrd_\w+|mtx_\w+|cnd_\w+|sem_\w+|clone", "there are no threads: a function is run on another CPU by cpu_run() of <ingot/cpu.h>"),
    (r"socket|bind|listen|accept\d?|connect|send\w*|recv\w*|getaddrinfo|gethost\w+|inet_\w+|select|poll|epoll\w*|getsockopt|setsockopt|"
     r"shutdown|hton\w|ntoh\w", "there is no network"),
    (r"mmap|munmap|mprotect|brk|sbrk|shm\w+", "memory is had from malloc(), or in pages from <ingot/pages.h>"),
    (r"dl(open|sym|close|error)", "a program is linked as a whole: nothing can be loaded later"),
    (r"getpw\w+|getgr\w+|set\w?[ug]id|chown|getlogin\w*", "there are no users"),
    (r"alarm|setitimer|timer_(create|settime|delete)|sigsuspend|sigwait\w*|pause", "nothing signals a program by itself: timers are in <ingot/timer.h>"),
    (r"pipe2?|mkfifo|mknod|link|symlink|mount", "files lie in memory (apps/libc/README.md), and are of no other kinds"),
    (r"_Z\w+|__cxa_\w+|__gxx_\w+", "this is C++, and applications are written in C"),
    (r"__tls_get_addr", "there are no threads: a variable of each CPU's own is PER_CPU of <ingot/cpu.h>"),
]


def is_standard(name):
    """Whether this machine's own C library has a function of that name."""
    return any(hasattr(library, name) for library in map(ctypes.CDLL, ("libc.so.6", "libm.so.6")))


def about_function(name, where, libc):
    name = re.sub(r"^call_", "", name)
    if name in ("main", "__real_main"):
        return "there is no main(): a program begins in `int main(int argc, char **argv)` or `int main(void)`"
    if not libc and is_standard(name):
        return f"{where}{name}() is a function of the C library: LIBC = 1 in the application's app.mk links it"
    for pattern, why in WHY:
        if re.fullmatch(pattern, name):
            return f"{where}{name}() does not exist here: {why}"
    if libc and is_standard(name):
        return f"{where}{name}() does not exist here: apps/libc/README.md tells what the C library has"
    return f"{where}{name}() is called, and no source of the application defines it (app.mk's SOURCES, if it has such a line, names them all)"


def about_header(name, where, libc):
    if re.search(r"\.(hpp|hh|hxx)$|^[a-z_]+$", name):
        return f"{where}<{name}> is a header of C++, and applications are written in C"
    known = subprocess.run(["gcc", "-xc", "-fsyntax-only", "-"], input=f"#include <{name}>\n", capture_output=True, text=True)
    if not libc and not name.startswith("ingot/") and known.returncode == 0:
        return f"{where}<{name}> is a header of the C library: LIBC = 1 in the application's app.mk brings it"
    if name.startswith("ingot/"):
        return f"{where}Ingot has no header <{name}>: core/include/ingot/README.md lists those that there are"
    return f"{where}<{name}> is neither a header of the application nor of {'the C library' if libc else 'Ingot'}"


def sentences(said, libc):
    for line in said.splitlines():
        place = re.match(r"(?:\S*ld: )?(?:\S+\.o: in function .*|(\S+?:\d+)(?::\d+)?: )", line)
        where = f"{place.group(1)}: " if place and place.group(1) else ""
        if found := re.search(r"undefined reference to [`']([\w.]+)'|hidden symbol [`']([\w.]+)' isn't defined", line):
            yield about_function(found.group(1) or found.group(2), where, libc)
        elif found := re.search(r"fatal error: (\S+): No such file", line):
            yield about_header(found.group(1), where, libc)
        elif re.search(r"conflicting types for .main.|of .main. .*\[-W(error=)?main\]|of .main. is not .int.|.main. takes (only|zero)", line):
            yield f"{where}main() is `int main(int argc, char **argv)` or `int main(void)`"
        elif found := re.search(r"multiple definition of [`']([\w.]+)'", line):
            yield f"{where}{found.group(1)} is defined twice; static before the one that only its own file uses keeps them apart"
        elif re.search(r"\(TLS\)|@tpoff|\.tbss", line):
            yield f"{where}there are no threads, so no thread-local variables: a variable of each CPU's own is PER_CPU of <ingot/cpu.h>"


def main():
    libc, app, command = sys.argv[1] == "1", sys.argv[2], sys.argv[3:]
    said = subprocess.run(command, capture_output=True, text=True, errors="replace", env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stderr
    for sentence in dict.fromkeys(sentences(said, libc)):
        print(f"{app}: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    main()
