/* How a panic stops the other CPUs (core/panic.c, arch_hold_others() and smp_stand_here() of core/x86_64/smp.c): the first to panic tells, all
 * others are told by NMI to stand, wherever they are, also in a panic of their own; one that does not answer is waited for no longer than a bound.
 * Beyond tests/boot (which panics on two CPUs now and then): three CPUs, each of which may panic at any step, one of which may be dead, in every
 * order, with the NMI coming between any two steps and the wait ending at any moment.
 * BROKEN: who tells is found by a look and then a store. */
#define CPUS 3

byte teller, told;
bool hold[CPUS], held[CPUS], nmi[CPUS], ended, dead[CPUS];

/* The NMI: it stands until it is released, which a panic never does. */
inline take_nmi(me)
{
    if
    :: atomic { nmi[me] -> nmi[me] = false };
        if
        :: hold[me] && !held[me] -> held[me] = true; goto stands
        :: else
        fi
    :: atomic { !nmi[me] -> skip }
    fi
}

inline panic(me)
{
#ifdef BROKEN
    if
    :: teller == 0 -> teller = me + 1
    :: else -> hold[me] = true; held[me] = true; goto stands
    fi;
#else
    if
    :: atomic { teller == 0 -> teller = me + 1 }
    :: atomic { teller != 0 -> skip }; hold[me] = true; held[me] = true; goto stands
    fi;
#endif
    for (other : 0 .. CPUS - 1) {
        if
        :: other != me && !held[other] -> hold[other] = true; nmi[other] = true
        :: else
        fi
    }
    do
    :: (held[0] || me == 0) && (held[1] || me == 1) && (held[2] || me == 2) -> break
    :: dead[0] || dead[1] || dead[2] -> break       /* its bound, which only a CPU that does not answer makes it reach */
    od;
    told++;
    assert(told == 1);                              /* one story */
    ended = true;
    goto stands
}

proctype cpu(byte me)
{
    byte other;

    do
    :: take_nmi(me)
    :: panic(me)
    :: me == 2 && teller == 0 -> dead[me] = true; goto stands
    :: ended -> break                               /* all is over; but this one should stand */
    od;
    assert(nmi[me] || hold[me]);                    /* it does at the next step */
stands:
    skip
}

init {
    atomic { run cpu(0); run cpu(1); run cpu(2) }
    timeout;
    assert(teller == 0 || told == 1 || dead[teller - 1])
}
