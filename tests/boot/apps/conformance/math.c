#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>

#include "conformance.h"

/* Ten digits: the last ones are each library's own. What is exact by definition is shown whole. */
static void functions(void)
{
    static const double points[] = { 0, 0.1, 0.5, 1, 1.5, 2, 3.7, 10, 100.25, -0.3, -1, -2.5 };
#define ONE(name) { #name, name }
    static const struct { const char *name; double (*run)(double); } table[] = {
        ONE(sin), ONE(cos), ONE(tan), ONE(asin), ONE(acos), ONE(atan), ONE(sinh), ONE(cosh), ONE(tanh), ONE(asinh), ONE(acosh), ONE(atanh),
        ONE(exp), ONE(exp2), ONE(expm1), ONE(log), ONE(log2), ONE(log10), ONE(log1p), ONE(sqrt), ONE(cbrt), ONE(erf), ONE(erfc), ONE(lgamma),
        ONE(tgamma), ONE(logb),
    };
    static const struct { const char *name; float (*run)(float); } floats[] = {
        ONE(sinf), ONE(cosf), ONE(tanf), ONE(expf), ONE(logf), ONE(sqrtf), ONE(atanf), ONE(tanhf), ONE(log2f), ONE(exp2f), ONE(cbrtf),
    };
    static const struct { const char *name; long double (*run)(long double); } longs[] = {
        ONE(sinl), ONE(cosl), ONE(tanl), ONE(expl), ONE(exp2l), ONE(expm1l), ONE(logl), ONE(log2l), ONE(log10l), ONE(log1pl), ONE(sqrtl), ONE(atanl),
        ONE(asinl), ONE(acosl), ONE(sinhl), ONE(coshl), ONE(tanhl), ONE(cbrtl), ONE(erfl), ONE(tgammal),
    };

    for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            double value = table[i].run(points[p]);

            printf("%s(%g) = %.10g\n", table[i].name, points[p], isnan(value) ? 0.125 : value);       /* the sign of NaN is not defined */
        }
        for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
            float value = floats[i].run((float)points[p]);

            printf("%s(%g) = %.4g\n", floats[i].name, points[p], isnan(value) ? 0.125 : value);
        }
        for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
            long double value = longs[i].run(points[p]);

            printf("%s(%g) = %.14Lg\n", longs[i].name, points[p], isnan(value) ? 0.125L : value);
        }
    }
}

static void exact(void)
{
    static const double values[] = { 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e15 + 0.5, -7.999999, 4503599627370497.5 };
    int exponent;
    double fraction, whole;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        double x = values[i];

        SHOW("%.17g: %.17g %.17g %.17g %.17g %.17g %.17g %ld %ld", x, floor(x), ceil(x), trunc(x), round(x), rint(x), nearbyint(x), lround(x), lrint(x));
        SHOW("%Lg %Lg %Lg %g", floorl(x), ceill(x), roundl(x), fabs(x));
        fraction = frexp(x, &exponent);
        SHOW("%.17g %d", fraction, exponent);
        fraction = modf(x, &whole);
        SHOW("%.17g %.17g", fraction, whole);
    }
    SHOW("%.17g %.17g %.17g", fmod(-7.5, 2), remainder(-7.5, 2), fmod(1e300, 7));
    SHOW("%.17g %.17g %.17g", ldexp(1.5, 10), scalbn(3, -1074), fma(1e16, 1e16, 1));
    SHOW("%.17g %.17g %.17g", nextafter(1, 2), copysign(3, -0.0), fdim(5, 3));
    SHOW("%.17g %.17g", fmax(1, NAN), fmin(NAN, -1));
    SHOW("%.17g %.17g", sqrt(2), sqrt(DBL_MIN));
    SHOW("%.10g %.10g %.10g %.10g", pow(2, 0.5), pow(-2, 3), pow(10, -5), pow(0, 0));
    SHOW("%.10g %.10g %.10g", hypot(3, 4), atan2(-1, -1), atan2(0.0, -1));
    SHOW("%d %d %d", ilogb(1000), (int)logb(0.1), fpclassify(1e-310) == FP_SUBNORMAL);
    SHOW("%d %d %d %d", !!isnan(NAN), !!isinf(-INFINITY), !!signbit(-0.0), !!isgreater(2, NAN));
}

static void environment(void)
{
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    volatile double one = 1, three = 3, zero = 0, big = DBL_MAX;
    volatile long double long_one = 1, long_three = 3;
    fenv_t kept;

    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        SHOW("%d %a %.25Lg %.17g", fegetround() == modes[i], one / three, long_one / long_three, rint(2.5));
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    SHOW("%d", fetestexcept(FE_ALL_EXCEPT));
    zero = one / zero;
    SHOW("%d %d", !!fetestexcept(FE_DIVBYZERO), !!fetestexcept(FE_OVERFLOW));
    big = big * three;
    SHOW("%d %d", !!fetestexcept(FE_OVERFLOW), !!fetestexcept(FE_INEXACT));
    feclearexcept(FE_OVERFLOW);
    SHOW("%d %d", !!fetestexcept(FE_DIVBYZERO), !!fetestexcept(FE_OVERFLOW));
    long_one = sqrtl(-long_three);
    SHOW("%d", !!fetestexcept(FE_INVALID));
    feholdexcept(&kept);
    SHOW("%d", fetestexcept(FE_ALL_EXCEPT));
    feraiseexcept(FE_UNDERFLOW);
    feupdateenv(&kept);
    SHOW("%d %d", !!fetestexcept(FE_UNDERFLOW), !!fetestexcept(FE_INVALID));
    fesetenv(FE_DFL_ENV);
    SHOW("%d", fetestexcept(FE_ALL_EXCEPT));
}

static void complexes(void)
{
    volatile double complex a = 3 + 4 * I, b = -1 + 0.5 * I;
    volatile float complex f = 1 + 2 * I;
    volatile long double complex l = 2 - 1 * I;
    double complex z;

    z = a * b;
    SHOW("%.10g %.10g", creal(z), cimag(z));
    z = a / b;
    SHOW("%.10g %.10g", creal(z), cimag(z));
    z = (INFINITY + 1 * I) * b;
    SHOW("%d", isinf(creal(z)) || isinf(cimag(z)));
    z = a / (0 * b);
    SHOW("%d", isinf(creal(z)) || isinf(cimag(z)));
    SHOW("%.10g %.10g", cabs(a), carg(b));
    z = csqrt(b);
    SHOW("%.10g %.10g", creal(z), cimag(z));
    z = cexp(a);
    SHOW("%.10g %.10g", creal(z), cimag(z));
    z = cpow(a, b);
    SHOW("%.9g %.9g", creal(z), cimag(z));
    f = f * f / (f + 1);
    SHOW("%.5g %.5g", crealf(f), cimagf(f));
    l = l * l / (l + 1);
    SHOW("%.15Lg %.15Lg", creall(l), cimagl(l));
}

void list_math(void)
{
    functions();
    exact();
    environment();
    complexes();
}
