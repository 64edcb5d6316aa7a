/* How other CPUs start (core/x86_64/trampoline.S, smp.c): each has a slot whose step it moves on by compare and swap; the boot CPU waits for a
 * while, then numbers those that have arrived and gives the others up. A CPU may start late, never, or twice, and may be given up anywhere.
 * Beyond tests/host (which runs no trampoline) and tests/boot/test_smp.py (which holds CPUs at a few places): all orders of all steps of
 * three CPUs, the first of which starts twice, with a boot CPU that runs out of patience at any moment.
 * BROKEN: giving up is a look and then a store, so that a CPU which arrives in between runs without a number. */
#define APS 3
#define NONE 0                          /* enum start_step */
#define REAL_MODE 1
#define LONG_MODE 2
#define SETTING_UP 3
#define ONLINE 4
#define GIVEN_UP 5

byte step[APS], number[APS], on_stack[APS], online, cpus = 1;
bool sent, released, works[APS];

inline advance(i, from, to)
{
    if
    :: atomic { step[i] == from -> step[i] = to }
    :: atomic { step[i] != from -> goto park }
    fi
}

proctype ap(byte i)
{
    sent;                               /* or never: a process need not go on */
    advance(i, NONE, REAL_MODE);
    advance(i, REAL_MODE, LONG_MODE);
    on_stack[i]++;
    assert(on_stack[i] == 1);           /* nobody else runs there */
    advance(i, LONG_MODE, SETTING_UP);
    advance(i, SETTING_UP, ONLINE);
    online++;
    released;
    assert(number[i] != 0 && number[i] < cpus);
    works[i] = true;
park:
    skip
}

active proctype boot()
{
    byte i, came_to;

    sent = true;
    if
    :: online == APS
    :: true                             /* patience ends anywhere */
    fi;
    for (i : 0 .. APS - 1) {
        came_to = step[i];
        if
        :: came_to != ONLINE ->
#ifdef BROKEN
            step[i] = GIVEN_UP
#else
            atomic { came_to = step[i]; step[i] = GIVEN_UP }
#endif
        :: else
        fi;
        if
        :: came_to == ONLINE -> number[i] = cpus; cpus++
        :: else
        fi
    }
    released = true;
    assert(cpus <= APS + 1)
}

init {
    atomic { run ap(0); run ap(0); run ap(1); run ap(2) }
    timeout;                            /* nothing moves any more */
    assert(released);
    byte i;
    for (i : 0 .. APS - 1) {
        assert(works[i] == (number[i] != 0))
    }
}
