/* The compiled twins of this folder's NumPy functions, as the module `mlpcli.kernels._compiled`.

`twin(function)` gives a builtin that does what `function` does, faster, and hands everything it was not made for, such
as other types, layouts or overlapping arrays, to `function` itself. What each pass computes stands in passes.h. */

#define Py_LIMITED_API 0x030B0000
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <Python.h>
#include <float.h>
#include <math.h>
#include <numpy/arrayobject.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "intermediate results would be wider than NumPy's"
#endif

#if defined(_MSC_VER)
#pragma fp_contract(off)
#define INDEPENDENT __pragma(loop(ivdep))
#elif defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

/* One function for several instruction sets, chosen when the module is loaded. Wider registers change no bit. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif

#define MOST_OPERANDS 10
#define MOST_LINKS 3
#define TILE 1024
#define LARGE 32768 /* entries, from which other threads may run meanwhile */

/* What a pass works on: one replica. `step` are bytes from row to row; `across` marks a single number for each row. */
typedef struct {
    npy_intp rows, columns;
    char *at[MOST_OPERANDS];
    npy_intp step[MOST_OPERANDS];
    int across[MOST_OPERANDS];
    double number[2];
} Sheet;

/* A hyperparameter: one for all replicas, where `step` is 0, or one for each. */
typedef struct {
    const char *at;
    npy_intp step;
    double own;
} Number;

#define NUMBER(number, replica) ((number).at ? *(const double *)((number).at + (replica) * (number).step) : (number).own)

/* The order is that of `Link` in descent.py. */
enum { ADD_WEIGHT_DECAY, SHRINK_WEIGHTS, TRACE, NESTEROV, SCALE_BY_RMS, SCALE_BY_ADAM, LINKS };

typedef struct {
    int kind;
    char *memory[2], *mask;
    npy_intp step[2];
    Number number[3];
} Link;

typedef struct {
    npy_intp replicas, columns, params_step, grads_step, factors_step;
    char *params, *grads, *factors;
    int clip, links;
    Number clip_factor, rate;
    Link link[MOST_LINKS];
} Descent;

#define EACH_ROW for (npy_intp row = 0; row < s->rows; row++)
#define LINE(k) ((void *)(s->at[k] + row * s->step[k]))

#define REAL float
#define PASS(name) name##_float32
#define SQRT sqrtf
#define TINY FLT_MIN
#include "passes.h"
#undef REAL
#undef PASS
#undef SQRT
#undef TINY

#define REAL double
#define PASS(name) name##_float64
#define SQRT sqrt
#define TINY DBL_MIN
#include "passes.h"

typedef void (*Pass)(const Sheet *);

/* What an argument must be for the compiled pass to take it, by its letter in `Kernel.operands`. An array has the
   leading axes of the model, or none that differ from 1 where all replicas share it; then `axes` own ones, whose lengths
   are r for the model's rows, c for its columns, 1, or ? for 1 or its rows. The last own axis is contiguous. */
typedef struct {
    char letter, axes, length[2];
    int type, written, optional;
} Operand;

enum { REALS = -1 }; /* the type of the model */

static const Operand operands[] = {
    {'M', 2, {'r', 'c'}, REALS, 0, 0},       /* a model that is only read */
    {'W', 2, {'r', 'c'}, REALS, 1, 0},       /* written; where there is no M, the first one is the model */
    {'x', 2, {'r', 'c'}, REALS, 0, 0},
    {'t', 2, {'c', 'r'}, REALS, 0, 0},       /* transposed */
    {'r', 2, {'1', 'c'}, REALS, 0, 0},       /* a row */
    {'v', 2, {'1', 'c'}, REALS, 0, 0},       /* a row, or if that does not fit, a column */
    {'c', 2, {'?', '1'}, REALS, 0, 0},       /* a column, or one number for each replica */
    {'C', 2, {'?', '1'}, REALS, 0, 1},
    {'s', 2, {'1', 'r'}, REALS, 0, 0},
    {'o', 1, {'1', 0}, REALS, 0, 0},
    {'e', 1, {'r', 0}, REALS, 0, 1},
    {'f', 1, {'c', 0}, REALS, 0, 0},
    {'F', 1, {'c', 0}, REALS, 1, 0},
    {'b', 2, {'r', 'c'}, NPY_UINT16, 0, 0},
    {'u', 2, {'?', '1'}, NPY_UINT16, 0, 0},
    {'i', 1, {'r', 0}, NPY_INT64, 0, 0},
    {'l', 1, {'r', 0}, NPY_INT64, 0, 0},     /* numbers of columns */
    {'k', 1, {'c', 0}, NPY_INT64, 0, 0},     /* numbers of rows */
    {'D', 0, {0, 0}, NPY_DOUBLE, 1, 0},
    {'n', 0, {0, 0}, REALS, 0, 0},           /* a Python float */
    {'_', 0, {0, 0}, REALS, 0, 0},           /* for the NumPy twin only */
};

typedef struct {
    const char *name, *operands;
    Pass pass[2];
} Kernel;

#define KERNEL(name, operands) {#name, operands, {name##_float32, name##_float64}}

static const Kernel kernels[] = {
    KERNEL(relu, "xW"),
    KERNEL(relu_backward, "xxW"),
    KERNEL(leaky_relu, "xWn"),
    KERNEL(leaky_relu_backward, "xxWn"),
    KERNEL(logistic, "W"),
    KERNEL(sigmoid_backward, "xxW"),
    KERNEL(tanh_backward, "xxW"),
    KERNEL(silu_backward, "xxxW"),
    KERNEL(gelu_inner, "xWnn"),
    KERNEL(gelu, "xxW"),
    KERNEL(gelu_backward, "xxxWnn"),
    KERNEL(add_row, "Wr"),
    KERNEL(draw_mask, "bucxWW"),
    KERNEL(flush, "W"),
    KERNEL(subtract, "xvW"),
    KERNEL(center, "WvW"),
    KERNEL(standardize, "WvrrW"),
    KERNEL(batch_norm_backward, "xxrrrW"),
    KERNEL(multiply_both, "xWrW"),
    KERNEL(layer_norm_backward, "Wxccc_"),
    KERNEL(shift_scores, "tW"),
    KERNEL(label_losses, "Mk_fF"),
    KERNEL(cross_entropy_gradient, "tsl_oCen_W"),
    KERNEL(count_correct, "MiD"),
};

enum { KERNELS = sizeof kernels / sizeof *kernels };

static int is_array(PyObject *object, int type, int written) {
    if (!PyArray_Check(object)) return 0;
    PyArrayObject *array = (PyArrayObject *)object;
    const int needed = NPY_ARRAY_ALIGNED | (written ? NPY_ARRAY_WRITEABLE : 0);
    return PyArray_TYPE(array) == type && (PyArray_FLAGS(array) & needed) == needed && PyArray_ISNOTSWAPPED(array);
}

/* The leading axes of `array` before its last `own` axes as one axis of `replicas`: its step in bytes, 0 where all
   share one, or -1 where there is none. `lead` are the `leads` axes it must agree with. */
static npy_intp lead_step(PyArrayObject *array, int own, const npy_intp *lead, int leads, npy_intp replicas) {
    const int has = PyArray_NDIM(array) - own;
    const npy_intp *dims = PyArray_DIMS(array), *strides = PyArray_STRIDES(array);
    npy_intp step = 0, next = 0, count = 1;
    if (has < 0 || has > leads) return -1;
    for (int k = 0; k < has; k++) count *= dims[k];
    if (count == 1) return 0;
    if (has != leads || count != replicas) return -1;
    for (int k = has - 1; k >= 0; k--) {
        if (dims[k] != lead[k]) return -1;
        if (dims[k] == 1) continue;
        if (step == 0) step = strides[k];
        else if (strides[k] != next) return -1;
        next = strides[k] * dims[k];
    }
    return step > 0 ? step : -1;
}

typedef struct {
    npy_intp replica_step[MOST_OPERANDS], size[MOST_OPERANDS], replicas;
    char *end[MOST_OPERANDS];
    int written[MOST_OPERANDS], count, whole;
} Extent;

static const Operand *operand_of(char letter) {
    const Operand *operand = operands;
    while (operand->letter != letter) operand++;
    return operand;
}

static int has_length(npy_intp length, char wanted, const Sheet *s) {
    switch (wanted) {
    case 'r': return length == s->rows;
    case 'c': return length == s->columns;
    case '?': return length == 1 || length == s->rows;
    default: return length == 1;
    }
}

/* Whether these are numbers from 0 to below `limit`. */
static int in_range(const char *labels, npy_intp replica_step, npy_intp replicas, npy_intp count, npy_intp limit) {
    int in = 1;
    for (npy_intp replica = 0; replica < (replica_step ? replicas : 1); replica++) {
        const npy_int64 *label = (const npy_int64 *)(labels + replica * replica_step);
        for (npy_intp k = 0; k < count; k++) in &= label[k] >= 0 && label[k] < limit;
    }
    return in;
}

/* Enter argument `k` into the sheet of the first replica; whether the pass takes it. */
static int fit_one(PyObject *object, const Operand *operand, int type, PyArrayObject *model, Sheet *s, Extent *extent,
                   int k) {
    const int leads = PyArray_NDIM(model) - 2;
    if (operand->optional && object == Py_None) return 1;
    if (!is_array(object, operand->type == REALS ? type : operand->type, operand->written)) return 0;
    PyArrayObject *array = (PyArrayObject *)object;
    const int own = operand->axes, before = PyArray_NDIM(array) - own;
    if (before < 0) return 0;
    const npy_intp *length = PyArray_DIMS(array) + before, *stride = PyArray_STRIDES(array) + before;
    int fits = 1, across = own > 0 && operand->length[own - 1] == '1';
    for (int axis = 0; axis < own; axis++) fits = fits && has_length(length[axis], operand->length[axis], s);
    if (!fits && operand->letter == 'v') {
        fits = has_length(length[0], '?', s) && length[1] == 1;
        across = 1;
    }
    if (!fits) return 0;
    const npy_intp size = PyArray_ITEMSIZE(array);
    if (own > 0 && length[own - 1] > 1 && stride[own - 1] != size) return 0;
    const npy_intp step = own == 2 && length[0] > 1 ? stride[0] : 0;
    const npy_intp replica_step = lead_step(array, own, PyArray_DIMS(model), leads, extent->replicas);
    if (step < 0 || replica_step < 0) return 0;
    if (operand->written && replica_step == 0 && extent->replicas > 1) return 0;
    s->at[k] = PyArray_DATA(array);
    s->step[k] = step;
    s->across[k] = across;
    extent->size[k] = size;
    extent->replica_step[k] = replica_step;
    extent->written[k] = operand->written;
    extent->whole = extent->whole || own < 2 || operand->letter == 't' || operand->letter == 's';
    extent->end[k] = s->at[k] + size + (extent->replicas - 1) * replica_step;
    if (own == 2) extent->end[k] += (length[0] - 1) * step;
    if (own > 0) extent->end[k] += (length[own - 1] - 1) * size;
    if (operand->letter == 'l') return in_range(s->at[k], replica_step, extent->replicas, s->rows, s->columns);
    if (operand->letter == 'k') return in_range(s->at[k], replica_step, extent->replicas, s->columns, s->rows);
    return 1;
}

/* Whether each array that is written lies apart from all others; where not, lines that run one after the other see what
   the lines before have written. */
static int lie_apart(const Sheet *s, const Extent *extent) {
    for (int k = 0; k < extent->count; k++)
        for (int other = 0; extent->written[k] && other < extent->count; other++)
            if (other != k && s->at[other] != NULL && extent->end[k] > s->at[other] && extent->end[other] > s->at[k])
                return 0;
    return 1;
}

/* Fill the sheet of the first replica from the arguments; whether the pass takes them. */
static int fit(const Kernel *kernel, PyObject *const *args, Sheet *s, Extent *extent, int *type) {
    const char *first = strchr(kernel->operands, 'M');
    if (first == NULL) first = strchr(kernel->operands, 'W');
    PyObject *object = args[first - kernel->operands];
    if (!PyArray_Check(object)) return 0;
    PyArrayObject *model = (PyArrayObject *)object;
    const int axes = PyArray_NDIM(model);
    *type = PyArray_TYPE(model);
    if (axes < 2 || (*type != NPY_FLOAT && *type != NPY_DOUBLE)) return 0;
    s->rows = PyArray_DIM(model, axes - 2);
    s->columns = PyArray_DIM(model, axes - 1);
    memset(extent, 0, sizeof *extent);
    extent->replicas = 1;
    for (int k = 0; k < axes - 2; k++) extent->replicas *= PyArray_DIM(model, k);
    int numbers = 0;
    for (int k = 0; kernel->operands[k]; k++) {
        s->at[k] = NULL;
        s->step[k] = s->across[k] = 0;
        extent->count = k + 1;
        if (kernel->operands[k] == 'n') {
            if (!PyFloat_Check(args[k])) return 0;
            s->number[numbers++] = PyFloat_AsDouble(args[k]);
        } else if (kernel->operands[k] != '_') {
            if (!fit_one(args[k], operand_of(kernel->operands[k]), *type, model, s, extent, k)) return 0;
        }
    }
    return 1;
}

/* Take rows that follow each other without a gap as one long row, and where it can be, the replicas likewise. */
static void merge(Sheet *s, Extent *extent) {
    int one = 1; /* whether the replicas, too, make one row */
    if (extent->whole) return;
    for (int k = 0; k < extent->count; k++) {
        if (s->at[k] == NULL) continue;
        const npy_intp width = s->across[k] ? 0 : s->columns * extent->size[k];
        if (s->rows > 1 && s->step[k] != width) return;
        one = one && extent->replica_step[k] == s->rows * width && width > 0;
    }
    s->columns *= s->rows;
    s->rows = 1;
    if (one || extent->replicas == 1) {
        s->columns *= extent->replicas;
        extent->replicas = 1;
    }
}

static void run(Pass pass, Sheet *s, const Extent *extent) {
    for (npy_intp replica = 0; replica < extent->replicas; replica++) {
        pass(s);
        for (int k = 0; k < extent->count; k++)
            if (s->at[k] != NULL) s->at[k] += extent->replica_step[k];
    }
}

static PyObject *call_twin(PyObject *twin, PyObject *const *args, Py_ssize_t count) {
    PyObject *all = PyTuple_New(count);
    if (all == NULL) return NULL;
    for (Py_ssize_t k = 0; k < count; k++) {
        Py_INCREF(args[k]);
        PyTuple_SetItem(all, k, args[k]);
    }
    PyObject *result = PyObject_CallObject(twin, all);
    Py_DECREF(all);
    return result;
}

/* `self` is (number of the kernel, NumPy twin). */
static PyObject *call_kernel(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    const Kernel *kernel = &kernels[PyLong_AsLong(PyTuple_GetItem(self, 0))];
    Sheet s;
    Extent extent;
    int type;
    if (count != (Py_ssize_t)strlen(kernel->operands) || !fit(kernel, args, &s, &extent, &type) ||
        !lie_apart(&s, &extent))
        return call_twin(PyTuple_GetItem(self, 1), args, count);
    if (extent.replicas > 0 && s.rows > 0 && s.columns > 0) {
        const Pass pass = kernel->pass[type == NPY_DOUBLE];
        merge(&s, &extent);
        if (extent.replicas * s.rows * s.columns >= LARGE) {
            Py_BEGIN_ALLOW_THREADS
            run(pass, &s, &extent);
            Py_END_ALLOW_THREADS
        } else {
            run(pass, &s, &extent);
        }
    }
    Py_RETURN_NONE;
}

static int take_number(PyObject *object, npy_intp replicas, Number *number) {
    number->at = NULL;
    number->step = 0;
    if (PyFloat_Check(object)) {
        number->own = PyFloat_AsDouble(object);
        return 1;
    }
    if (!is_array(object, NPY_DOUBLE, 0)) return 0;
    PyArrayObject *array = (PyArrayObject *)object;
    if (PyArray_NDIM(array) != 2 || PyArray_DIM(array, 0) != replicas || PyArray_DIM(array, 1) != 1) return 0;
    number->at = PyArray_DATA(array);
    number->step = PyArray_STRIDE(array, 0);
    return 1;
}

static int take_matrix(PyObject *object, int type, int written, npy_intp replicas, npy_intp columns, char **at,
                       npy_intp *step) {
    if (!is_array(object, type, written)) return 0;
    PyArrayObject *array = (PyArrayObject *)object;
    if (PyArray_NDIM(array) != 2 || PyArray_DIM(array, 1) != columns) return 0;
    if (PyArray_STRIDE(array, 1) != PyArray_ITEMSIZE(array) && columns > 1) return 0;
    if (PyArray_DIM(array, 0) != replicas && (written || PyArray_DIM(array, 0) != 1)) return 0;
    *at = PyArray_DATA(array);
    *step = PyArray_DIM(array, 0) == 1 ? 0 : PyArray_STRIDE(array, 0);
    return 1;
}

/* A link is (kind, memories of it, numbers of it, mask or None). */
static int take_link(PyObject *object, int type, const Descent *d, Link *link) {
    static const int memories[LINKS] = {0, 0, 1, 1, 1, 2}, numbers[LINKS] = {1, 1, 1, 1, 2, 3};
    memset(link, 0, sizeof *link);
    if (!PyTuple_Check(object) || PyTuple_Size(object) < 2) return 0;
    link->kind = (int)PyLong_AsLong(PyTuple_GetItem(object, 0));
    if (link->kind < 0 || link->kind >= LINKS) return PyErr_Clear(), 0;
    const int has = memories[link->kind], takes = numbers[link->kind], masked = link->kind <= SHRINK_WEIGHTS;
    if (PyTuple_Size(object) != 1 + has + takes + masked) return 0;
    int next = 1;
    for (int k = 0; k < has; k++)
        if (!take_matrix(PyTuple_GetItem(object, next++), type, 1, d->replicas, d->columns, &link->memory[k],
                         &link->step[k]))
            return 0;
    for (int k = 0; k < takes; k++)
        if (!take_number(PyTuple_GetItem(object, next++), d->replicas, &link->number[k])) return 0;
    PyObject *mask = masked ? PyTuple_GetItem(object, next) : Py_None;
    if (mask == Py_None) return 1;
    npy_intp step;
    return take_matrix(mask, type, 0, 1, d->columns, &link->mask, &step);
}

static int take_descent(PyObject *const *args, Descent *d, int *type) {
    if (!PyArray_Check(args[0])) return 0;
    PyArrayObject *params = (PyArrayObject *)args[0];
    *type = PyArray_TYPE(params);
    if ((*type != NPY_FLOAT && *type != NPY_DOUBLE) || PyArray_NDIM(params) != 2) return 0;
    d->replicas = PyArray_DIM(params, 0);
    d->columns = PyArray_DIM(params, 1);
    if (!take_matrix(args[0], *type, 1, d->replicas, d->columns, &d->params, &d->params_step)) return 0;
    if (!take_matrix(args[1], *type, 0, d->replicas, d->columns, &d->grads, &d->grads_step)) return 0;
    d->clip = args[2] != Py_None;
    d->clip_factor.at = NULL;
    d->clip_factor.own = 1;
    if (d->clip && !take_number(args[2], d->replicas, &d->clip_factor)) return 0;
    if (!PyTuple_Check(args[3]) || PyTuple_Size(args[3]) > MOST_LINKS) return 0;
    d->links = (int)PyTuple_Size(args[3]);
    for (int k = 0; k < d->links; k++)
        if (!take_link(PyTuple_GetItem(args[3], k), *type, d, &d->link[k])) return 0;
    if (!take_number(args[4], d->replicas, &d->rate)) return 0;
    d->factors = NULL;
    d->factors_step = 0;
    return args[5] == Py_None ||
           take_matrix(args[5], *type, 0, d->replicas, d->columns, &d->factors, &d->factors_step);
}

/* descend(params, grads, clip, links, rate, factors, scratch); `self` is (any number, NumPy twin). */
static PyObject *call_descend(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Descent d;
    int type;
    if (count != 7 || !take_descent(args, &d, &type)) return call_twin(PyTuple_GetItem(self, 1), args, count);
    void (*const descend)(const Descent *, npy_intp) = type == NPY_DOUBLE ? descend_float64 : descend_float32;
    if (d.replicas * d.columns >= LARGE) {
        Py_BEGIN_ALLOW_THREADS
        for (npy_intp replica = 0; replica < d.replicas; replica++) descend(&d, replica);
        Py_END_ALLOW_THREADS
    } else {
        for (npy_intp replica = 0; replica < d.replicas; replica++) descend(&d, replica);
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[KERNELS + 1];

/* twin(function): the compiled function of its name, or the function itself where there is none. */
static PyObject *twin(PyObject *module, PyObject *function) {
    PyObject *name = PyObject_GetAttrString(function, "__name__");
    if (name == NULL) return NULL;
    PyObject *made = NULL;
    for (int k = 0; k <= KERNELS; k++) {
        if (PyUnicode_CompareWithASCIIString(name, methods[k].ml_name) != 0) continue;
        PyObject *self = Py_BuildValue("(iO)", k, function);
        if (self != NULL) {
            made = PyCFunction_New(&methods[k], self);
            Py_DECREF(self);
        }
        break;
    }
    Py_DECREF(name);
    if (made == NULL && !PyErr_Occurred()) return Py_NewRef(function);
    return made;
}

static PyMethodDef functions[] = {
    {"twin", twin, METH_O, "The compiled form of a NumPy function of this room, the function itself where there is none."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_compiled",
    .m_doc = "Compiled twins of the NumPy functions of mlpcli.kernels.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__compiled(void) {
    import_array();
    for (int k = 0; k < KERNELS; k++)
        methods[k] = (PyMethodDef){kernels[k].name, (PyCFunction)(void (*)(void))call_kernel, METH_FASTCALL, NULL};
    methods[KERNELS] = (PyMethodDef){"descend", (PyCFunction)(void (*)(void))call_descend, METH_FASTCALL, NULL};
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddIntConstant(module, "SOURCES", SOURCES) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
