/* Elementwise passes for one type of number, REAL; module.c includes this file once for float and once for double.

Beside each pass stands its NumPy twin, in the Python module of this folder that has a function of the same name. The
rules that keep both equal, bit for bit:

- only operations that IEEE 754 rounds exactly: + - * / sqrt and comparisons; no exp, no sum over entries;
- in the order of the NumPy lines, each rounded to REAL, never contracted into a fused multiply-add.

A pass works on a sheet, one replica's `(rows, columns)`. An operand is read at `LINE(k)`, the start of a row; the
compiler may take it that no operand overlaps with one that is written, which module.c has checked. */

/* max(t, 0); a NaN stays one. */
MULTIVERSION static void PASS(relu)(const Sheet *s) {
    EACH_ROW {
        const REAL *z = LINE(0);
        REAL *out = LINE(1);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) out[i] = !(z[i] <= 0) ? z[i] : 0;
    }
}

MULTIVERSION static void PASS(relu_backward)(const Sheet *s) {
    EACH_ROW {
        const REAL *z = LINE(0), *g = LINE(1);
        REAL *out = LINE(2);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            REAL slope = z[i] > 0 ? (REAL)1 : (REAL)0;
            out[i] = g[i] * slope;
        }
    }
}

MULTIVERSION static void PASS(leaky_relu)(const Sheet *s) {
    const REAL slope = (REAL)s->number[0];
    EACH_ROW {
        const REAL *z = LINE(0);
        REAL *out = LINE(1);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            REAL small = z[i] * slope;
            out[i] = !(z[i] <= small) ? z[i] : small;
        }
    }
}

MULTIVERSION static void PASS(leaky_relu_backward)(const Sheet *s) {
    const REAL below = (REAL)s->number[0];
    EACH_ROW {
        const REAL *z = LINE(0), *g = LINE(1);
        REAL *out = LINE(2);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            REAL slope = z[i] > 0 ? (REAL)1 : below;
            out[i] = g[i] * slope;
        }
    }
}

/* 1 / (1 + e), in place. */
MULTIVERSION static void PASS(logistic)(const Sheet *s) {
    EACH_ROW {
        REAL *e = LINE(0);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) e[i] = 1 / (e[i] + 1);
    }
}

MULTIVERSION static void PASS(sigmoid_backward)(const Sheet *s) {
    EACH_ROW {
        const REAL *h = LINE(0), *g = LINE(1);
        REAL *out = LINE(2);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) out[i] = g[i] * ((1 - h[i]) * h[i]);
    }
}

MULTIVERSION static void PASS(tanh_backward)(const Sheet *s) {
    EACH_ROW {
        const REAL *h = LINE(0), *g = LINE(1);
        REAL *out = LINE(2);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) out[i] = g[i] * (1 - h[i] * h[i]);
    }
}

MULTIVERSION static void PASS(silu_backward)(const Sheet *s) {
    EACH_ROW {
        const REAL *sigmoid = LINE(0), *h = LINE(1), *g = LINE(2);
        REAL *out = LINE(3);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++)
            out[i] = g[i] * ((1 - sigmoid[i]) * h[i] + sigmoid[i]);
    }
}

/* What the tanh of GELU is taken of. */
MULTIVERSION static void PASS(gelu_inner)(const Sheet *s) {
    const REAL cubic = (REAL)s->number[0], rate = (REAL)s->number[1];
    EACH_ROW {
        const REAL *z = LINE(0);
        REAL *out = LINE(1);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) out[i] = (z[i] * z[i] * cubic + rate) * z[i];
    }
}

MULTIVERSION static void PASS(gelu)(const Sheet *s) {
    EACH_ROW {
        const REAL *z = LINE(0), *tanh = LINE(1);
        REAL *out = LINE(2);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) out[i] = (tanh[i] + 1) * z[i] * (REAL)0.5;
    }
}

MULTIVERSION static void PASS(gelu_backward)(const Sheet *s) {
    const REAL cubic = (REAL)s->number[0], rate = (REAL)s->number[1];
    EACH_ROW {
        const REAL *z = LINE(0), *tanh = LINE(1), *g = LINE(2);
        REAL *out = LINE(3);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            REAL inner = (z[i] * z[i] * cubic + rate) * z[i];
            REAL slope = (1 - tanh[i] * tanh[i]) * inner;
            out[i] = g[i] * ((slope + tanh[i] + 1) * (REAL)0.5);
        }
    }
}

MULTIVERSION static void PASS(add_row)(const Sheet *s) {
    EACH_ROW {
        REAL *z = LINE(0);
        const REAL *bias = LINE(1);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) z[i] = z[i] + bias[i];
    }
}

MULTIVERSION static void PASS(draw_mask)(const Sheet *s) {
    EACH_ROW {
        const npy_uint16 *bits = (const npy_uint16 *)LINE(0), threshold = *(const npy_uint16 *)LINE(1);
        const REAL scale = *(const REAL *)LINE(2), *x = LINE(3);
        REAL *mask = LINE(4), *out = LINE(5);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            mask[i] = (bits[i] >= threshold ? (REAL)1 : (REAL)0) * scale;
            out[i] = x[i] * mask[i];
        }
    }
}

/* Numbers below the smallest normal one become 0. */
MULTIVERSION static void PASS(flush)(const Sheet *s) {
    EACH_ROW {
        REAL *x = LINE(0);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            REAL size = x[i] < 0 ? -x[i] : x[i];
            x[i] = size < TINY ? 0 : x[i];
        }
    }
}

/* Normalization: a statistic is a row, one for each column, or a single number for each row. */
#define EACH_STATISTIC(operand, body)                                                                                  \
    if (s->across[operand]) {                                                                                          \
        const npy_intp j = 0;                                                                                          \
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) body                                                     \
    } else {                                                                                                           \
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {                                                        \
            const npy_intp j = i;                                                                                      \
            body                                                                                                       \
        }                                                                                                              \
    }

MULTIVERSION static void PASS(subtract)(const Sheet *s) {
    EACH_ROW {
        const REAL *x = LINE(0), *statistic = LINE(1);
        REAL *out = LINE(2);
        EACH_STATISTIC(1, { out[i] = x[i] - statistic[j]; })
    }
}

MULTIVERSION static void PASS(center)(const Sheet *s) {
    EACH_ROW {
        REAL *x = LINE(0), *square = LINE(2);
        const REAL *statistic = LINE(1);
        EACH_STATISTIC(1, {
            REAL centred = x[i] - statistic[j];
            x[i] = centred;
            square[i] = centred * centred;
        })
    }
}

MULTIVERSION static void PASS(standardize)(const Sheet *s) {
    EACH_ROW {
        REAL *x = LINE(0), *out = LINE(4);
        const REAL *statistic = LINE(1), *gain = LINE(2), *bias = LINE(3);
        EACH_STATISTIC(1, {
            REAL scaled = x[i] * statistic[j];
            x[i] = scaled;
            out[i] = scaled * gain[i] + bias[i];
        })
    }
}

MULTIVERSION static void PASS(batch_norm_backward)(const Sheet *s) {
    EACH_ROW {
        const REAL *g = LINE(0), *x = LINE(1), *slope = LINE(2), *mean = LINE(3), *scale = LINE(4);
        REAL *out = LINE(5);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++)
            out[i] = (g[i] - x[i] * slope[i] - mean[i]) * scale[i];
    }
}

MULTIVERSION static void PASS(multiply_both)(const Sheet *s) {
    EACH_ROW {
        const REAL *g = LINE(0), *gain = LINE(2);
        REAL *product = LINE(1), *out = LINE(3);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) {
            out[i] = g[i] * gain[i];
            product[i] = product[i] * gain[i];
        }
    }
}

MULTIVERSION static void PASS(layer_norm_backward)(const Sheet *s) {
    EACH_ROW {
        REAL *d = LINE(0);
        const REAL *x = LINE(1), mean = *(REAL *)LINE(2), slope = *(REAL *)LINE(3), scale = *(REAL *)LINE(4);
        INDEPENDENT for (npy_intp i = 0; i < s->columns; i++) d[i] = (d[i] - mean - x[i] * slope) * scale;
    }
}

/* Cross-entropy, on transposed scores: a sheet has a class in each row and an example in each column. */
MULTIVERSION static void PASS(shift_scores)(const Sheet *s) {
    const REAL *scores = (const REAL *)s->at[0];
    for (npy_intp column = 0; column < s->columns; column++) {
        const REAL *example = (const REAL *)((const char *)scores + column * s->step[0]);
        REAL most = example[0];
        for (npy_intp row = 1; row < s->rows; row++) most = most > example[row] || most != most ? most : example[row];
        for (npy_intp row = 0; row < s->rows; row++) ((REAL *)LINE(1))[column] = example[row] - most;
    }
}

/* A class in each row, an example in each column, as above. */
MULTIVERSION static void PASS(label_losses)(const Sheet *s) {
    const npy_int64 *labels = (const npy_int64 *)s->at[1];
    const REAL *log_total = (const REAL *)s->at[3];
    REAL *out = (REAL *)s->at[4];
    for (npy_intp column = 0; column < s->columns; column++) {
        const npy_intp row = (npy_intp)labels[column];
        out[column] = log_total[column] - ((const REAL *)LINE(0))[column];
    }
}

/* An example in each row, a class in each column. */
MULTIVERSION static void PASS(cross_entropy_gradient)(const Sheet *s) {
    const REAL *total = (const REAL *)s->at[1], certain = *(const REAL *)s->at[4];
    const npy_int64 *labels = (const npy_int64 *)s->at[2];
    const REAL share = s->at[5] ? *(const REAL *)s->at[5] : 0, inverse = (REAL)s->number[0];
    const REAL *weights = (const REAL *)s->at[6];
    EACH_ROW {
        const REAL *p = (const REAL *)s->at[0] + row, weight = weights ? weights[row] : 1;
        REAL *out = LINE(9);
        for (npy_intp i = 0; i < s->columns; i++) {
            REAL difference = *(const REAL *)((const char *)p + i * s->step[0]) / total[row];
            if (i == labels[row]) difference = difference - certain;
            if (s->at[5]) difference = difference - share;
            out[i] = difference * weight * inverse;
        }
    }
}

/* The first of the largest scores counts, a NaN before all; a single score decides by its sign. */
MULTIVERSION static void PASS(count_correct)(const Sheet *s) {
    const npy_int64 *labels = (const npy_int64 *)s->at[1];
    npy_intp count = 0;
    EACH_ROW {
        const REAL *scores = LINE(0);
        npy_intp best = 0;
        if (s->columns == 1) best = scores[0] > 0;
        for (npy_intp i = 1; i < s->columns; i++)
            if (scores[i] > scores[best] || (scores[i] != scores[i] && scores[best] == scores[best])) best = i;
        count += best == labels[row];
    }
    *(double *)s->at[2] = (double)count;
}

/* The update of one row of parameters, a tile at a time, so that what passes between the links stays in L1. */
MULTIVERSION static void PASS(descend)(const Descent *d, npy_intp replica) {
    REAL between[TILE];
    const REAL clip = d->clip ? (REAL)NUMBER(d->clip_factor, replica) : 1, rate = (REAL)NUMBER(d->rate, replica);
    const REAL *all_factors = d->factors ? (const REAL *)(d->factors + replica * d->factors_step) : NULL;
    for (npy_intp start = 0; start < d->columns; start += TILE) {
        const npy_intp n = d->columns - start < TILE ? d->columns - start : TILE;
        REAL *w = (REAL *)(d->params + replica * d->params_step) + start;
        const REAL *g = (const REAL *)(d->grads + replica * d->grads_step) + start;
        const REAL *factors = all_factors ? all_factors + start : NULL;
        if (d->clip) {
            INDEPENDENT for (npy_intp i = 0; i < n; i++) between[i] = g[i] * clip;
            g = between;
        }
        for (int k = 0; k < d->links; k++) {
            const Link *link = &d->link[k];
            const REAL a = (REAL)NUMBER(link->number[0], replica), b = (REAL)NUMBER(link->number[1], replica);
            const REAL c = (REAL)NUMBER(link->number[2], replica);
            const REAL *mask = link->mask ? (const REAL *)link->mask + start : NULL;
            REAL *m = link->memory[0] ? (REAL *)(link->memory[0] + replica * link->step[0]) + start : NULL;
            REAL *v = link->memory[1] ? (REAL *)(link->memory[1] + replica * link->step[1]) + start : NULL;
            switch (link->kind) {
            case ADD_WEIGHT_DECAY:
                if (mask) {
                    INDEPENDENT for (npy_intp i = 0; i < n; i++) between[i] = w[i] * a * mask[i] + g[i];
                } else {
                    INDEPENDENT for (npy_intp i = 0; i < n; i++) between[i] = w[i] * a + g[i];
                }
                g = between;
                break;
            case SHRINK_WEIGHTS:
                if (mask && factors) {
                    INDEPENDENT for (npy_intp i = 0; i < n; i++) w[i] = w[i] - w[i] * a * mask[i] * factors[i];
                } else if (mask || factors) {
                    const REAL *one = mask ? mask : factors;
                    INDEPENDENT for (npy_intp i = 0; i < n; i++) w[i] = w[i] - w[i] * a * one[i];
                } else {
                    INDEPENDENT for (npy_intp i = 0; i < n; i++) w[i] = w[i] - w[i] * a;
                }
                break;
            case TRACE:
                INDEPENDENT for (npy_intp i = 0; i < n; i++) m[i] = m[i] * a + g[i];
                g = m;
                break;
            case NESTEROV:
                INDEPENDENT for (npy_intp i = 0; i < n; i++) {
                    REAL velocity = m[i] * a + g[i];
                    m[i] = velocity;
                    between[i] = velocity * a + g[i];
                }
                g = between;
                break;
            case SCALE_BY_RMS:
                INDEPENDENT for (npy_intp i = 0; i < n; i++) {
                    REAL squares = m[i] * a + g[i] * g[i];
                    m[i] = squares;
                    between[i] = g[i] / (SQRT(squares) + b);
                }
                g = between;
                break;
            case SCALE_BY_ADAM:
                INDEPENDENT for (npy_intp i = 0; i < n; i++) {
                    REAL sum = m[i] * a + g[i], squares = v[i] * b + g[i] * g[i];
                    m[i] = sum;
                    v[i] = squares;
                    between[i] = sum / (SQRT(squares) + c);
                }
                g = between;
                break;
            }
        }
        if (factors) {
            INDEPENDENT for (npy_intp i = 0; i < n; i++) w[i] = w[i] - g[i] * rate * factors[i];
        } else {
            INDEPENDENT for (npy_intp i = 0; i < n; i++) w[i] = w[i] - g[i] * rate;
        }
    }
}
