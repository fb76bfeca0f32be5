"""Mistakes that students make in `batchnorm`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed
test, the first one is named: so of those that raise the same error, the one that raises it least often leads.
"""

from autograder.answers import wrong

FORWARD = [
    wrong(
        "batchnorm_forward",
        "no_eps",
        hint="eps makes no difference to your result. Without it a feature that does not vary is divided by 0: "
        "where does the formula add it?",
        edits={"np.sqrt(var + eps)": "np.sqrt(var)"},
    ),
    wrong(
        "batchnorm_forward",
        "eps_outside_the_root",
        hint="You add eps to the standard deviation, behind the root. The contract adds it to the variance.",
        edits={"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
    ),
    wrong(
        "batchnorm_forward",
        "no_eps_in_test_mode",
        hint="Train mode uses eps and test mode does not, as in some lecture notes. A running variance may be 0 "
        "too, and both modes must compute the same function of mean and variance.",
        edits={"np.sqrt(var + eps)": 'np.sqrt(var + (eps if mode == "train" else 0))'},
    ),
    wrong(
        "batchnorm_forward",
        "eps_outside_the_root_in_test_mode",
        hint="In train mode your eps stands inside the root, in test mode behind it. Both modes must compute the "
        "same function of mean and variance.",
        edits={"np.sqrt(var + eps)": '(np.sqrt(var + eps) if mode == "train" else np.sqrt(var) + eps)'},
    ),
    wrong(
        "batchnorm_forward",
        "eps_hard_coded",
        hint="Your eps is always the same, whatever bn_param says.",
        edits={'eps = bn_param.get("eps", 1e-5)': "eps = 1e-5"},
    ),
    wrong(
        "batchnorm_forward",
        "another_default_for_eps",
        hint="Where bn_param holds no eps you take another one than the contract says. Look up the default.",
        edits={'bn_param.get("eps", 1e-5)': 'bn_param.get("eps", 1e-8)'},
    ),
    wrong(
        "batchnorm_forward",
        "eps_must_be_given",
        hint="bn_param need not hold an eps: there is a default. Look for a way to read a key that may be missing.",
        edits={'bn_param.get("eps", 1e-5)': 'bn_param["eps"]'},
    ),
    wrong(
        "batchnorm_forward",
        "momentum_hard_coded",
        hint="Your momentum is always the same, whatever bn_param says.",
        edits={'momentum = bn_param.get("momentum", 0.9)': "momentum = 0.9"},
    ),
    wrong(
        "batchnorm_forward",
        "pytorchs_default_for_momentum",
        hint="Where bn_param holds no momentum you take 0.1. That is PyTorch's default, and PyTorch's momentum is "
        "the share of the NEW value; here it is the share of the old one.",
        edits={'bn_param.get("momentum", 0.9)': 'bn_param.get("momentum", 0.1)'},
    ),
    wrong(
        "batchnorm_forward",
        "momentum_must_be_given",
        hint="bn_param need not hold a momentum: there is a default. Look for a way to read a key that may be missing.",
        edits={'bn_param.get("momentum", 0.9)': 'bn_param["momentum"]'},
    ),
    wrong(
        "batchnorm_forward",
        "running_statistics_must_be_given",
        hint="In the first call of a training bn_param holds no running statistics yet. Say what they start from.",
        edits={
            'bn_param.get("running_mean", np.zeros_like(mean))': 'bn_param["running_mean"]',
            'bn_param.get("running_var", np.zeros_like(var))': 'bn_param["running_var"]',
        },
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_starts_at_one",
        hint="Your running variance starts at 1, as PyTorch's does. Here the contract has both running statistics "
        "start at the same number.",
        edits={"np.zeros_like(var)": "np.ones_like(var)"},
    ),
    wrong(
        "batchnorm_forward",
        "divides_by_n_minus_1",
        hint="Your variance is divided by N - 1 (ddof=1). Batch norm normalizes with the biased variance of the "
        "batch: think of what N - 1 would do to a batch of one row.",
        edits={"x.var(axis=0)": "x.var(axis=0, ddof=1)"},
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_unbiased",
        hint="Your output is right, but the running variance is kept with N - 1. That is PyTorch's choice; the "
        "contract here keeps the very variance that it normalized with.",
        edits={
            'bn_param["running_var"] = momentum * running_var + (1 - momentum) * var': (
                'bn_param["running_var"] = momentum * running_var + (1 - momentum) * x.var(axis=0, ddof=1)'
            ),
        },
    ),
    wrong(
        "batchnorm_forward",
        "momentum_reversed",
        hint="Your momentum runs the wrong way: it is the share of the OLD running value that is kept. PyTorch "
        "defines it the other way round.",
        edits={
            "momentum * running_mean + (1 - momentum) * mean": "(1 - momentum) * running_mean + momentum * mean",
            "momentum * running_var + (1 - momentum) * var": "(1 - momentum) * running_var + momentum * var",
        },
    ),
    wrong(
        "batchnorm_forward",
        "momentum_reversed_for_the_variance",
        hint="The running mean is right. For the running variance you exchange the share of the old value and "
        "that of the new one.",
        edits={"momentum * running_var + (1 - momentum) * var": "(1 - momentum) * running_var + momentum * var"},
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_from_itself",
        hint="Your running variance is computed from itself alone, as a well-known formula sheet has it: the "
        "batch never enters, so it never changes. Read the second term aloud.",
        edits={"(1 - momentum) * var": "(1 - momentum) * running_var"},
    ),
    wrong(
        "batchnorm_forward",
        "both_running_statistics_from_themselves",
        hint="Both running statistics are computed from themselves alone: the batch never enters, so they never "
        "change. Read the second term of each aloud.",
        edits={
            "(1 - momentum) * var": "(1 - momentum) * running_var",
            "(1 - momentum) * mean": "(1 - momentum) * running_mean",
        },
    ),
    wrong(
        "batchnorm_forward",
        "running_statistics_not_stored",
        hint="After your call bn_param holds what it held before. A name inside your function is forgotten when it "
        "returns: where must the new running statistics go?",
        edits={
            'bn_param["running_mean"] = momentum': "running_mean = momentum",
            'bn_param["running_var"] = momentum': "running_var = momentum",
        },
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_not_stored",
        hint="Your running mean is put back into bn_param, the running variance is not.",
        edits={'bn_param["running_var"] = momentum': "running_var = momentum"},
    ),
    wrong(
        "batchnorm_forward",
        "keeps_the_last_batch",
        hint="Your running statistics are those of the last batch: the old values are thrown away.",
        edits={
            "momentum * running_mean + (1 - momentum) * mean": "mean",
            "momentum * running_var + (1 - momentum) * var": "var",
        },
    ),
    wrong(
        "batchnorm_forward",
        "old_value_does_not_decay",
        hint="Your running statistics grow with every batch: the shares of the old and of the new value must add "
        "up to 1.",
        edits={
            "momentum * running_mean + (1 - momentum) * mean": "running_mean + (1 - momentum) * mean",
            "momentum * running_var + (1 - momentum) * var": "running_var + (1 - momentum) * var",
        },
    ),
    wrong(
        "batchnorm_forward",
        "running_standard_deviation",
        hint="Under running_var you keep standard deviations. Test mode (and whoever reads the dictionary) takes "
        "it for a variance.",
        edits={"(1 - momentum) * var": "(1 - momentum) * np.sqrt(var)"},
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_holds_eps",
        hint="Your running variance is too large by a share of eps. eps protects the division; it is no part of "
        "the variance.",
        edits={
            "(1 - momentum) * var": "(1 - momentum) * (var + eps)",
        },
    ),
    wrong(
        "batchnorm_forward",
        "normalizes_with_the_running_statistics_in_train_mode",
        hint="In train mode you normalize with the running statistics. They are kept for later; what normalizes a "
        "batch in training is the batch itself.",
        edits={
            "momentum * running_var + (1 - momentum) * var": (
                "momentum * running_var + (1 - momentum) * var\n"
                '        mean, var = bn_param["running_mean"], bn_param["running_var"]'
            ),
        },
    ),
    wrong(
        "batchnorm_forward",
        "batch_statistics_in_test_mode",
        hint="In test mode you normalize with the mean and variance of the batch, so an answer depends on who else "
        "is in the batch. What were the running statistics kept for?",
        edits={
            'mean = bn_param["running_mean"]': "mean = x.mean(axis=0)",
            'var = bn_param["running_var"]': "var = x.var(axis=0)",
        },
    ),
    wrong(
        "batchnorm_forward",
        "batch_variance_in_test_mode",
        hint="In test mode you subtract the running mean but divide by the spread of the batch.",
        edits={'var = bn_param["running_var"]': "var = x.var(axis=0)"},
    ),
    wrong(
        "batchnorm_forward",
        "updated_in_test_mode",
        hint="Your running statistics change in test mode. A network that is only asked for its opinion must not "
        "learn from the question.",
        edits={
            'mean = bn_param["running_mean"]': (
                'mean = bn_param["running_mean"]\n'
                '        bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(axis=0)'
            ),
            'var = bn_param["running_var"]': (
                'var = bn_param["running_var"]\n'
                '        bn_param["running_var"] = momentum * var + (1 - momentum) * x.var(axis=0)'
            ),
        },
    ),
    wrong(
        "batchnorm_forward",
        "running_variance_taken_as_a_deviation",
        hint="In test mode you divide by the running variance without taking its root.",
        edits={"np.sqrt(var + eps)": '(np.sqrt(var + eps) if mode == "train" else var + eps)'},
    ),
    wrong(
        "batchnorm_forward",
        "no_gamma_in_test_mode",
        hint="In test mode your output is not scaled by gamma. What was learned belongs to both modes.",
        edits={"gamma * x_hat + beta": '(gamma if mode == "train" else 1) * x_hat + beta'},
    ),
    wrong(
        "batchnorm_forward",
        "no_beta_in_test_mode",
        hint="In test mode beta is not added to your output. What was learned belongs to both modes.",
        edits={"gamma * x_hat + beta": 'gamma * x_hat + (beta if mode == "train" else 0)'},
    ),
    wrong(
        "batchnorm_forward",
        "neither_gamma_nor_beta_in_test_mode",
        hint="In test mode you return x_hat as it is: gamma and beta are missing. What was learned belongs to both "
        "modes.",
        edits={"gamma * x_hat + beta": 'gamma * x_hat + beta if mode == "train" else x_hat'},
    ),
    wrong(
        "batchnorm_forward",
        "no_gamma",
        hint="Your output is not scaled by gamma.",
        edits={"out = gamma * x_hat + beta": "out = x_hat + beta"},
    ),
    wrong(
        "batchnorm_forward",
        "no_beta",
        hint="beta is not added to your output.",
        edits={"out = gamma * x_hat + beta": "out = gamma * x_hat"},
    ),
    wrong(
        "batchnorm_forward",
        "gamma_and_beta_exchanged",
        hint="You scale by beta and shift by gamma.",
        edits={"out = gamma * x_hat + beta": "out = beta * x_hat + gamma"},
    ),
    wrong(
        "batchnorm_forward",
        "shifted_before_scaling",
        hint="You add beta before you multiply by gamma, so that beta is scaled too.",
        edits={"out = gamma * x_hat + beta": "out = gamma * (x_hat + beta)"},
    ),
    wrong(
        "batchnorm_forward",
        "rows_normalized",
        hint="You normalize every row by itself, which is layer norm. Batch norm takes its mean over the batch: "
        "one mean for each column.",
        edits={
            "x.mean(axis=0)": "x.mean(axis=1, keepdims=True)",
            "x.var(axis=0)": "x.var(axis=1, keepdims=True)",
        },
    ),
    wrong(
        "batchnorm_forward",
        "one_mean_for_all_features",
        hint="You take one mean and one variance over the whole array. Every feature has its own.",
        edits={
            "x.mean(axis=0)": "np.full(x.shape[1], x.mean())",
            "x.var(axis=0)": "np.full(x.shape[1], x.var())",
        },
    ),
    wrong(
        "batchnorm_forward",
        "wrong_axis",
        hint="Your means have one entry per row (N,) where there should be one per feature (D,): look at `axis`.",
        edits={"x.mean(axis=0)": "x.mean(axis=1)", "x.var(axis=0)": "x.var(axis=1)"},
    ),
    wrong(
        "batchnorm_forward",
        "root_forgotten",
        hint="You divide by the variance. To get a spread of 1 it takes the standard deviation.",
        edits={"np.sqrt(var + eps)": "var + eps"},
    ),
    wrong(
        "batchnorm_forward",
        "not_centred",
        hint="Your output is divided by the standard deviation but the mean is still in it.",
        edits={"centred = x - mean": "centred = x"},
    ),
    wrong(
        "batchnorm_forward",
        "variance_around_zero",
        hint="Your variance is the mean of x squared. It should measure the distance from the mean.",
        edits={"x.var(axis=0)": "(x**2).mean(axis=0)"},
    ),
    wrong(
        "batchnorm_forward",
        "variance_is_a_sum",
        hint="Your variance grows with the number of rows: the squared distances are added up and never divided.",
        edits={"x.var(axis=0)": "((x - mean) ** 2).sum(axis=0)"},
    ),
    wrong(
        "batchnorm_forward",
        "mean_absolute_deviation",
        hint="You average the absolute distances from the mean instead of their squares.",
        edits={"x.var(axis=0)": "np.abs(x - mean).mean(axis=0) ** 2"},
    ),
    wrong(
        "batchnorm_forward",
        "x_changed_in_test_mode",
        hint="In test mode your function changes x, and with it the caller's array: look for an operation in place.",
        edits={
            "centred = x - mean": (
                'if mode == "test":\n        x -= mean\n        centred = x\n    else:\n        centred = x - mean'
            ),
        },
    ),
    wrong(
        "batchnorm_forward",
        "x_changed",
        hint="Your function changes x, and with it the caller's array: look for an operation in place (-=, /=, out=).",
        edits={"centred = x - mean": "x -= mean\n    centred = x"},
    ),
    wrong(
        "batchnorm_forward",
        "running_statistics_of_two_axes",
        hint="Your running statistics have the shape (1, D). The numbers are right; look at keepdims.",
        edits={
            "x.mean(axis=0)": "x.mean(axis=0, keepdims=True)",
            "x.var(axis=0)": "x.var(axis=0, keepdims=True)",
        },
    ),
    wrong(
        "batchnorm_forward",
        "every_other_mode_is_test",
        hint='You take every mode that is not "train" for test mode. A misspelt mode should be an error, not a '
        "silent change of what is computed.",
        edits={'elif mode == "test":': 'elif mode != "train":'},
    ),
    wrong(
        "batchnorm_forward",
        "asserts_instead_of_raising",
        hint="An unknown mode makes you raise another error than the contract asks for. `assert` is for your own "
        "mistakes, and gone when Python runs with -O.",
        edits={'raise ValueError(f"batchnorm_forward:': 'raise AssertionError(f"batchnorm_forward:'},
    ),
]

BACKWARD = [
    wrong(
        "batchnorm_backward",
        "dgamma_and_dbeta_exchanged",
        hint="dgamma and dbeta are exchanged: gradients come in the order of forward's inputs, x, gamma, beta.",
        edits={"return dx, dgamma, dbeta": "return dx, dbeta, dgamma"},
    ),
    wrong(
        "batchnorm_backward",
        "dx_returned_last",
        hint="The gradients are right and in the wrong order: dx comes first, as x does in the forward pass.",
        edits={"return dx, dgamma, dbeta": "return dgamma, dbeta, dx"},
    ),
    wrong(
        "batchnorm_backward",
        "mean_as_a_constant",
        hint="Your dx takes the mean for a constant. It is computed from x: a third path leads back to every row.",
        edits={"dx = dcentred + dmean / num_rows": "dx = dcentred"},
    ),
    wrong(
        "batchnorm_backward",
        "variance_as_a_constant",
        hint="Your dx takes the variance for a constant. It is computed from x: another path leads back through it.",
        edits={"dcentred = dcentred_direct + dcentred_by_var": "dcentred = dcentred_direct"},
    ),
    wrong(
        "batchnorm_backward",
        "mean_and_variance_as_constants",
        hint="Your dx takes mean and variance for constants: it is the gradient of test mode. In training both are "
        "computed from x, and each has a path of its own back to every row.",
        edits={"dx = dcentred + dmean / num_rows": "dx = dcentred_direct"},
    ),
    wrong(
        "batchnorm_backward",
        "no_gamma_in_dx",
        hint="Your dx is right only where gamma is 1: on the way back gamma scales the gradient, as it scaled x_hat.",
        edits={"dx_hat = dout * gamma": "dx_hat = dout"},
    ),
    wrong(
        "batchnorm_backward",
        "no_gamma_on_the_way_through_the_variance",
        hint="gamma scales your direct path, but the path through the variance starts from dout as it came in.",
        edits={"dstd = -(dx_hat * centred)": "dstd = -(dout * centred)"},
    ),
    wrong(
        "batchnorm_backward",
        "gamma_in_dgamma",
        hint="Your dgamma is too large by a factor gamma. out is a product of gamma and x_hat: the gradient of one "
        "factor holds the other.",
        edits={"dgamma = (dout * x_hat)": "dgamma = (dout * gamma * x_hat)"},
    ),
    wrong(
        "batchnorm_backward",
        "dgamma_from_what_is_not_normalized",
        hint="dgamma multiplies dout by x - mean. What gamma was multiplied by in the forward pass is x_hat.",
        edits={"dgamma = (dout * x_hat)": "dgamma = (dout * centred)"},
    ),
    wrong(
        "batchnorm_backward",
        "x_hat_left_out_of_dgamma",
        hint="Your dgamma is the same as dbeta. gamma is multiplied by x_hat, so by the chain rule x_hat belongs in "
        "it.",
        edits={"dgamma = (dout * x_hat)": "dgamma = (dout)"},
    ),
    wrong(
        "batchnorm_backward",
        "dgamma_not_summed",
        hint="Your dgamma has a row for every row of x. All rows share one gamma, so their shares add up.",
        edits={"dgamma = (dout * x_hat).sum(axis=0)": "dgamma = dout * x_hat"},
    ),
    wrong(
        "batchnorm_backward",
        "dbeta_not_summed",
        hint="Your dbeta has a row for every row of x. All rows share one beta, so their shares add up.",
        edits={"dbeta = dout.sum(axis=0)": "dbeta = dout"},
    ),
    wrong(
        "batchnorm_backward",
        "parameter_gradients_summed_over_the_features",
        hint="dgamma and dbeta have one number per row: you sum over the wrong axis.",
        edits={
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).sum(axis=1)",
            "dbeta = dout.sum(axis=0)": "dbeta = dout.sum(axis=1)",
        },
    ),
    wrong(
        "batchnorm_backward",
        "parameter_gradients_of_two_axes",
        hint="dgamma and dbeta have the shape (1, D). The numbers are right; a gradient has the shape of what it "
        "belongs to: look at keepdims.",
        edits={"return dx, dgamma, dbeta": "return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)"},
    ),
    wrong(
        "batchnorm_backward",
        "parameter_gradients_averaged",
        hint="dgamma and dbeta are averaged over the batch. The loss already holds any division; gradients add up.",
        edits={"return dx, dgamma, dbeta": "return dx, dgamma / num_rows, dbeta / num_rows"},
    ),
    wrong(
        "batchnorm_backward",
        "dbeta_averaged",
        hint="dbeta is averaged over the batch. The loss already holds any division; gradients add up.",
        edits={"dbeta = dout.sum(axis=0)": "dbeta = dout.mean(axis=0)"},
    ),
    wrong(
        "batchnorm_backward",
        "share_of_the_mean_not_divided",
        hint="What comes back through the mean is too large: each row is only one of N in it.",
        edits={"dmean / num_rows": "dmean"},
    ),
    wrong(
        "batchnorm_backward",
        "share_of_the_variance_not_divided",
        hint="What comes back through the variance is too large: each row is only one of N in that mean of squares.",
        edits={"dvar * 2 * centred / num_rows": "dvar * 2 * centred"},
    ),
    wrong(
        "batchnorm_backward",
        "share_of_the_variance_divided_by_n_minus_1",
        hint="On the way back the variance is divided by N - 1, where the forward pass divided it by N.",
        edits={"dvar * 2 * centred / num_rows": "dvar * 2 * centred / (num_rows - 1)"},
    ),
    wrong(
        "batchnorm_backward",
        "share_of_the_mean_with_the_wrong_sign",
        hint="What comes back through the mean has the wrong sign: x - mean falls where the mean grows.",
        edits={"dmean = -dcentred.sum(axis=0)": "dmean = dcentred.sum(axis=0)"},
    ),
    wrong(
        "batchnorm_backward",
        "share_of_the_deviation_with_the_wrong_sign",
        hint="What comes back through the variance has the wrong sign: x_hat shrinks where the deviation grows.",
        edits={"dstd = -(dx_hat": "dstd = (dx_hat"},
    ),
    wrong(
        "batchnorm_backward",
        "factor_of_the_square_missing",
        hint="What comes back through the variance is half of what it should be: look at the derivative of a square.",
        edits={"dvar * 2 * centred": "dvar * centred"},
    ),
    wrong(
        "batchnorm_backward",
        "factor_of_the_root_missing",
        hint="What comes back through the variance is twice what it should be: look at the derivative of a root.",
        edits={"dstd / (2 * std)": "dstd / std"},
    ),
    wrong(
        "batchnorm_backward",
        "quotient_not_squared",
        hint="What comes back through the deviation has too few powers of it: look at the derivative of 1 / std.",
        edits={"sum(axis=0) / std**2": "sum(axis=0) / std"},
    ),
    wrong(
        "batchnorm_backward",
        "deviation_left_out_of_the_direct_path",
        hint="Your direct path is not divided by the standard deviation.",
        edits={"dcentred_direct = dx_hat / std": "dcentred_direct = dx_hat"},
    ),
    wrong(
        "batchnorm_backward",
        "number_of_features_for_the_number_of_rows",
        hint="You divide by the number of features D. The means of the forward pass run over the N rows.",
        edits={"num_rows = dout.shape[0]": "num_rows = dout.shape[1]"},
    ),
    wrong(
        "batchnorm_backward",
        "no_eps",
        hint="On the way back you divide by the deviation without eps. It must be the very number that the forward "
        "pass divided by: it belongs in the cache.",
        edits={
            "num_rows = dout.shape[0]": "num_rows = dout.shape[0]\n    std = np.sqrt((centred**2).mean(axis=0))",
        },
    ),
    wrong(
        "batchnorm_backward",
        "dx_divided_by_the_number_of_rows",
        hint="Your dx is too small by the number of rows: only what comes back through a mean is divided by it.",
        edits={"return dx, dgamma, dbeta": "return dx / num_rows, dgamma, dbeta"},
    ),
    wrong(
        "batchnorm_backward",
        "cache_changed",
        hint="Your backward pass changes the arrays in the cache, so that a second one gives another answer.",
        edits={"dgamma = (dout * x_hat).sum(axis=0)": "x_hat *= dout\n    dgamma = x_hat.sum(axis=0)"},
    ),
]

BACKWARD_ALT = [
    wrong(
        "batchnorm_backward_alt",
        "dgamma_and_dbeta_exchanged",
        hint="dgamma and dbeta are exchanged: gradients come in the order of forward's inputs, x, gamma, beta.",
        edits={"return dx, dgamma, dbeta": "return dx, dbeta, dgamma"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "n_missing",
        hint="Your dx is N times too large, as in some lecture notes. In the form with N * dx_hat and two sums, one "
        "division stands in front of the bracket.",
        edits={"- x_hat * slope) / std": "- x_hat * slope) / std * len(dout)"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "sums_for_means",
        hint="You take off the sums of dx_hat and of dx_hat * x_hat. They come back through means: count the rows.",
        edits={
            "offset = dx_hat.mean(axis=0)": "offset = dx_hat.sum(axis=0)",
            "slope = (dx_hat * x_hat).mean(axis=0)": "slope = (dx_hat * x_hat).sum(axis=0)",
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "number_of_features_for_the_number_of_rows",
        hint="You divide by the number of features D. The means of the forward pass run over the N rows.",
        edits={
            "offset = dx_hat.mean(axis=0)": "offset = dx_hat.sum(axis=0) / dout.shape[1]",
            "slope = (dx_hat * x_hat).mean(axis=0)": "slope = (dx_hat * x_hat).sum(axis=0) / dout.shape[1]",
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "mean_as_a_constant",
        hint="Your dx takes the mean for a constant: one of the two terms that are taken off dx_hat is missing.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - x_hat * slope"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "variance_as_a_constant",
        hint="Your dx takes the variance for a constant: one of the two terms that are taken off dx_hat is missing.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - offset"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "mean_and_variance_as_constants",
        hint="Your dx takes mean and variance for constants: it is the gradient of test mode.",
        edits={"(dx_hat - offset - x_hat * slope)": "dx_hat"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "x_hat_left_out_of_the_last_term",
        hint="The last term of your bracket is the same for all rows. The farther a row lies from the mean, the "
        "more it moved the variance: what is the term to be multiplied by?",
        edits={"- x_hat * slope": "- slope"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "last_term_with_the_wrong_sign",
        hint="The part of dx_hat along x_hat is added where it should be taken off.",
        edits={"- x_hat * slope": "+ x_hat * slope"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "no_gamma_in_dx",
        hint="Your dx is right only where gamma is 1: on the way back gamma scales the gradient, as it scaled x_hat.",
        edits={"dx_hat = dout * gamma": "dx_hat = dout"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "gamma_twice",
        hint="gamma stands in your dx twice. Does dx_hat hold it already?",
        edits={"- x_hat * slope) / std": "- x_hat * slope) * gamma / std"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "no_gamma_in_the_last_term",
        hint="One of the two terms that you take off is made of dout, the rest of dx_hat: gamma is missing in it.",
        edits={"slope = (dx_hat * x_hat)": "slope = (dout * x_hat)"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "not_divided_by_the_deviation",
        hint="Your dx is not divided by the standard deviation.",
        edits={"- x_hat * slope) / std": "- x_hat * slope)"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "divided_by_the_variance",
        hint="Your dx is divided by the variance. x_hat was divided by its root.",
        edits={"- x_hat * slope) / std": "- x_hat * slope) / std**2"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "means_over_the_features",
        hint="You take the means over the features of a row. The forward pass took them over the rows.",
        edits={
            "offset = dx_hat.mean(axis=0)": "offset = dx_hat.mean(axis=1, keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=0)": "slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)",
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "parameter_gradients_averaged",
        hint="dgamma and dbeta are averaged over the batch. Only the terms that are taken off dx_hat are means.",
        edits={
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).mean(axis=0)",
            "dbeta = dout.sum(axis=0)": "dbeta = dout.mean(axis=0)",
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "gamma_in_the_parameter_gradients",
        hint="dgamma and dbeta are made of dx_hat, which holds gamma. They belong before that product.",
        edits={"return dx, dgamma, dbeta": "return dx, gamma * dgamma, gamma * dbeta"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "parameter_gradients_of_two_axes",
        hint="dgamma and dbeta have the shape (1, D). The numbers are right; a gradient has the shape of what it "
        "belongs to: look at keepdims.",
        edits={"return dx, dgamma, dbeta": "return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)"},
    ),
    wrong(
        "batchnorm_backward_alt",
        "parameter_gradients_not_summed",
        hint="dgamma and dbeta have a row for every row of x. All rows share one gamma and one beta.",
        edits={
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = dout * x_hat",
            "dbeta = dout.sum(axis=0)": "dbeta = dout",
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "no_eps",
        hint="On the way back you divide by the deviation without eps. It must be the very number that the forward "
        "pass divided by: it belongs in the cache.",
        edits={
            "_, std, x_hat, gamma = cache": (
                "centred, std, x_hat, gamma = cache\n    std = np.sqrt((centred**2).mean(axis=0))"
            ),
        },
    ),
    wrong(
        "batchnorm_backward_alt",
        "cache_changed",
        hint="Your backward pass changes the arrays in the cache, so that a second one gives another answer.",
        edits={"- x_hat * slope) / std": "- x_hat * slope) / std\n    x_hat *= slope"},
    ),
]

SPATIAL = [
    wrong(
        "spatial_batchnorm_forward",
        "reshaped_without_transposing",
        hint="You reshape (N, C, H, W) to (-1, C) as it lies in memory: neighbouring pixels, not channels, stand "
        "side by side there, so your columns are no channels. Which axis must be last before the reshape?",
        edits={
            "rows = x.transpose(0, 2, 3, 1).reshape(-1, channels)": "rows = x.reshape(-1, channels)",
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "out_rows.reshape(x.shape)",
            "dout_rows = dout.transpose(0, 2, 3, 1).reshape(-1, channels)": "dout_rows = dout.reshape(-1, channels)",
            "dx_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "dx_rows.reshape(dout.shape)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "reshaped_without_transposing_in_backward",
        hint="Your forward pass moves the channels to the end before it reshapes; the backward pass reshapes dout "
        "as it lies in memory.",
        edits={
            "dout_rows = dout.transpose(0, 2, 3, 1).reshape(-1, channels)": "dout_rows = dout.reshape(-1, channels)",
            "dx_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "dx_rows.reshape(dout.shape)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "channels_first_and_then_rows",
        hint="You bring the channels to the front and then reshape to (-1, C). That reshape cuts the long rows of "
        "one channel into pieces: the axis that is to be the columns must be last.",
        edits={
            "rows = x.transpose(0, 2, 3, 1).reshape(-1, channels)": (
                "rows = x.transpose(1, 0, 2, 3).reshape(-1, channels)"
            ),
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": (
                "out_rows.reshape(channels, num_images, height, width).transpose(1, 0, 2, 3)"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "reshaped_back_without_transposing",
        hint="Each channel is normalized as it should be, but on the way back to (N, C, H, W) the numbers get "
        "mixed up: undo your transpose and reshape in reverse order.",
        edits={
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "out_rows.reshape(x.shape)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "dx_reshaped_back_without_transposing",
        hint="On the way back to (N, C, H, W) the numbers of dx get mixed up: undo your transpose and reshape in "
        "reverse order.",
        edits={
            "dx_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "dx_rows.reshape(dout.shape)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "channels_left_last",
        hint="Your output is (N, H, W, C): the channels are still at the end.",
        edits={
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": (
                "out_rows.reshape(num_images, height, width, channels)"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "height_and_width_exchanged",
        hint="Your images come back with height and width exchanged: compare the order of axes on both ways.",
        edits={
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": (
                "out_rows.reshape(num_images, width, height, channels).transpose(0, 3, 2, 1)"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "pixels_normalized_apart",
        hint="You give every pixel of every channel a mean of its own, over the batch alone. A channel means the "
        "same everywhere in the image: its mean runs over N, H and W.",
        edits={
            "rows = x.transpose(0, 2, 3, 1).reshape(-1, channels)  # (N*H*W, C)\n    out_rows,": (
                "rows = x.reshape(num_images, -1)\n    out_rows,"
            ),
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": "out_rows.reshape(x.shape)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "images_normalized_apart",
        hint="Every image is normalized by itself, which is instance norm. Batch norm takes its mean over all images.",
        edits={
            "out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)": (
                "(x - x.mean(axis=(2, 3), keepdims=True)) / np.sqrt(x.var(axis=(2, 3), keepdims=True) + 1e-5)\n"
                "    out = gamma[:, None, None] * out + beta[:, None, None]"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "running_statistics_lost",
        hint="You hand a copy of bn_param on, and the running statistics are written into that copy.",
        edits={"batchnorm_forward(rows, gamma, beta, bn_param)": "batchnorm_forward(rows, gamma, beta, {**bn_param})"},
    ),
    wrong(
        "spatial_batchnorm_forward",
        "always_train_mode",
        hint="You normalize with the batch's statistics in test mode too, and update the running ones: the mode "
        "gets lost on the way.",
        edits={
            "num_images, channels, height, width = x.shape": (
                'bn_param["mode"] = "train"\n    num_images, channels, height, width = x.shape'
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "eps_and_momentum_lost",
        hint="eps and momentum make no difference to your result: hand on the whole of bn_param.",
        edits={
            "out_rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)": (
                'settings = {key: bn_param[key] for key in bn_param if key not in ("eps", "momentum")}\n'
                "    out_rows, cache = batchnorm_forward(rows, gamma, beta, settings)\n"
                "    bn_param.update(settings)"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "no_gamma_and_no_beta",
        hint="gamma and beta make no difference to your output.",
        edits={
            "batchnorm_forward(rows, gamma, beta, bn_param)": (
                "batchnorm_forward(rows, np.ones(channels), np.zeros(channels), bn_param)"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "parameter_gradients_of_four_axes",
        hint="dgamma and dbeta have the shape (1, C, 1, 1). The numbers are right; gamma and beta are (C,).",
        edits={
            "return dx, dgamma, dbeta": "return dx, dgamma.reshape(1, -1, 1, 1), dbeta.reshape(1, -1, 1, 1)",
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "dgamma_and_dbeta_exchanged",
        hint="dgamma and dbeta are exchanged: gradients come in the order of forward's inputs, x, gamma, beta.",
        edits={"return dx, dgamma, dbeta": "return dx, dbeta, dgamma"},
    ),
    wrong(
        "spatial_batchnorm_forward",
        "parameter_gradients_averaged",
        hint="dgamma and dbeta are averaged over images and pixels. The loss already holds any division.",
        edits={
            "return dx, dgamma, dbeta": (
                "count = num_images * height * width\n    return dx, dgamma / count, dbeta / count"
            ),
        },
    ),
    wrong(
        "spatial_batchnorm_forward",
        "parameter_gradients_of_the_first_image",
        hint="Only the first image counts in dgamma and dbeta: all images share them, and their shares add up.",
        edits={
            "return dx, dgamma, dbeta": (
                "first = slice(0, height * width)\n"
                "    dgamma, dbeta = (dout_rows * cache[2])[first].sum(axis=0), dout_rows[first].sum(axis=0)\n"
                "    return dx, dgamma, dbeta"
            ),
        },
    ),
]

LAYER = [
    wrong(
        "layernorm_forward",
        "columns_normalized",
        hint="You normalize every feature over the batch, which is batch norm. Layer norm takes each row by itself: "
        "look at `axis`.",
        edits={
            "x.mean(axis=1, keepdims=True)": "x.mean(axis=0, keepdims=True)",
            "x.var(axis=1, keepdims=True)": "x.var(axis=0, keepdims=True)",
        },
    ),
    wrong(
        "layernorm_forward",
        "one_mean_for_all_rows",
        hint="You take one mean and one variance over the whole array. Every row has its own.",
        edits={
            "x.mean(axis=1, keepdims=True)": "x.mean(keepdims=True)",
            "x.var(axis=1, keepdims=True)": "x.var(keepdims=True)",
        },
    ),
    wrong(
        "layernorm_forward",
        "summed_axis_lost",
        hint="Your means have the shape (N,), which is lined up with the columns of x, not with its rows: look at "
        "keepdims.",
        edits={
            "x.mean(axis=1, keepdims=True)": "x.mean(axis=1)",
            "x.var(axis=1, keepdims=True)": "x.var(axis=1)",
        },
    ),
    wrong(
        "layernorm_forward",
        "no_eps",
        hint="eps makes no difference to your result. Without it a row that does not vary is divided by 0.",
        edits={"np.sqrt(var + eps)": "np.sqrt(var)"},
    ),
    wrong(
        "layernorm_forward",
        "eps_outside_the_root",
        hint="You add eps to the standard deviation, behind the root. The contract adds it to the variance.",
        edits={"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
    ),
    wrong(
        "layernorm_forward",
        "eps_hard_coded",
        hint="Your eps is always the same, whatever ln_param says.",
        edits={'eps = ln_param.get("eps", 1e-5)': "eps = 1e-5"},
    ),
    wrong(
        "layernorm_forward",
        "another_default_for_eps",
        hint="Where ln_param holds no eps you take another one than the contract says. Look up the default.",
        edits={'ln_param.get("eps", 1e-5)': 'ln_param.get("eps", 1e-8)'},
    ),
    wrong(
        "layernorm_forward",
        "eps_must_be_given",
        hint="ln_param may be empty: eps has a default.",
        edits={'ln_param.get("eps", 1e-5)': 'ln_param["eps"]'},
    ),
    wrong(
        "layernorm_forward",
        "mode_must_be_given",
        hint="You look for a mode in ln_param. Layer norm does the same in training and in testing, and has none.",
        edits={'eps = ln_param.get("eps", 1e-5)': 'mode, eps = ln_param["mode"], ln_param.get("eps", 1e-5)'},
    ),
    wrong(
        "layernorm_forward",
        "divides_by_d_minus_1",
        hint="Your variance is divided by D - 1 (ddof=1). The contract's is biased: think of a row of one feature.",
        edits={"x.var(axis=1, keepdims=True)": "x.var(axis=1, keepdims=True, ddof=1)"},
    ),
    wrong(
        "layernorm_forward",
        "root_forgotten",
        hint="You divide by the variance. To get a spread of 1 it takes the standard deviation.",
        edits={"np.sqrt(var + eps)": "var + eps"},
    ),
    wrong(
        "layernorm_forward",
        "not_centred",
        hint="Your output is divided by the standard deviation but the mean is still in it.",
        edits={"x_hat = (x - mean) / std": "x_hat = x / std"},
    ),
    wrong(
        "layernorm_forward",
        "no_gamma",
        hint="Your output is not scaled by gamma.",
        edits={"out = gamma * x_hat + beta": "out = x_hat + beta"},
    ),
    wrong(
        "layernorm_forward",
        "no_beta",
        hint="beta is not added to your output.",
        edits={"out = gamma * x_hat + beta": "out = gamma * x_hat"},
    ),
    wrong(
        "layernorm_forward",
        "gamma_and_beta_by_row",
        hint="You give each row a gamma and a beta. The statistics belong to the rows, the parameters to the features.",
        edits={"out = gamma * x_hat + beta": "out = gamma[:, np.newaxis] * x_hat + beta[:, np.newaxis]"},
    ),
    wrong(
        "layernorm_forward",
        "x_changed",
        hint="Your function changes x, and with it the caller's array: look for an operation in place (-=, /=, out=).",
        edits={"x_hat = (x - mean) / std": "x -= mean\n    x_hat = x / std"},
    ),
    wrong(
        "layernorm_forward",
        "dgamma_and_dbeta_exchanged",
        hint="dgamma and dbeta are exchanged: gradients come in the order of forward's inputs, x, gamma, beta.",
        edits={"return dx, dgamma, dbeta": "return dx, dbeta, dgamma"},
    ),
    wrong(
        "layernorm_forward",
        "dx_of_batch_norm",
        hint="Your dx takes its means over the batch, as that of batch norm does. Here mean and variance came from "
        "the features of one row.",
        edits={
            "offset = dx_hat.mean(axis=1, keepdims=True)": "offset = dx_hat.mean(axis=0)",
            "slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)": "slope = (dx_hat * x_hat).mean(axis=0)",
        },
    ),
    wrong(
        "layernorm_forward",
        "mean_as_a_constant",
        hint="Your dx takes the mean for a constant. It is computed from x: a path leads back through it.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - x_hat * slope"},
    ),
    wrong(
        "layernorm_forward",
        "variance_as_a_constant",
        hint="Your dx takes the variance for a constant. It is computed from x: a path leads back through it.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - offset"},
    ),
    wrong(
        "layernorm_forward",
        "mean_and_variance_as_constants",
        hint="Your dx takes mean and variance for constants. Both are computed from x, and each has a path back.",
        edits={"(dx_hat - offset - x_hat * slope)": "dx_hat"},
    ),
    wrong(
        "layernorm_forward",
        "no_gamma_in_dx",
        hint="Your dx is right only where gamma is 1: on the way back gamma scales the gradient, as it scaled x_hat.",
        edits={"dx_hat = dout * gamma": "dx_hat = dout"},
    ),
    wrong(
        "layernorm_forward",
        "gamma_behind_the_bracket",
        hint="You multiply by gamma at the very end. In layer norm gamma differs along the axis of the means, so it "
        "cannot be taken out of them as in batch norm.",
        edits={"dx_hat = dout * gamma": "dx_hat = dout", "- x_hat * slope) / std": "- x_hat * slope) / std * gamma"},
    ),
    wrong(
        "layernorm_forward",
        "sums_for_means",
        hint="You take off the sums of dx_hat and of dx_hat * x_hat. They come back through means: count the features.",
        edits={
            "offset = dx_hat.mean(axis=1, keepdims=True)": "offset = dx_hat.sum(axis=1, keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)": (
                "slope = (dx_hat * x_hat).sum(axis=1, keepdims=True)"
            ),
        },
    ),
    wrong(
        "layernorm_forward",
        "number_of_rows_for_the_number_of_features",
        hint="You divide by the number of rows N. The means of the forward pass run over the D features.",
        edits={
            "offset = dx_hat.mean(axis=1, keepdims=True)": "offset = dx_hat.sum(axis=1, keepdims=True) / len(dout)",
            "slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)": (
                "slope = (dx_hat * x_hat).sum(axis=1, keepdims=True) / len(dout)"
            ),
        },
    ),
    wrong(
        "layernorm_forward",
        "not_divided_by_the_deviation",
        hint="Your dx is not divided by the standard deviation.",
        edits={"- x_hat * slope) / std": "- x_hat * slope)"},
    ),
    wrong(
        "layernorm_forward",
        "parameter_gradients_by_row",
        hint="dgamma and dbeta have one number per row. The statistics belong to the rows, the parameters to the "
        "features: all rows share them.",
        edits={
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).sum(axis=1)",
            "dbeta = dout.sum(axis=0)": "dbeta = dout.sum(axis=1)",
        },
    ),
    wrong(
        "layernorm_forward",
        "parameter_gradients_averaged",
        hint="dgamma and dbeta are averaged over the batch. The loss already holds any division; gradients add up.",
        edits={
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).mean(axis=0)",
            "dbeta = dout.sum(axis=0)": "dbeta = dout.mean(axis=0)",
        },
    ),
    wrong(
        "layernorm_forward",
        "parameter_gradients_of_two_axes",
        hint="dgamma and dbeta have the shape (1, D). The numbers are right; a gradient has the shape of what it "
        "belongs to: look at keepdims.",
        edits={"return dx, dgamma, dbeta": "return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)"},
    ),
    wrong(
        "layernorm_forward",
        "gamma_in_dgamma",
        hint="Your dgamma is too large by a factor gamma: look at which product it is the gradient of.",
        edits={"dgamma = (dout * x_hat)": "dgamma = (dout * gamma * x_hat)"},
    ),
    wrong(
        "layernorm_forward",
        "cache_changed",
        hint="Your backward pass changes the arrays in the cache, so that a second one gives another answer.",
        edits={"- x_hat * slope) / std": "- x_hat * slope) / std\n    x_hat *= slope"},
    ),
]

GROUPS = "groups = x.reshape(num_images, G, channels // G, height, width)"
DGROUPS = "dx_hat = (dout * gamma).reshape(num_images, G, channels // G, height, width)"
BACK = "x_hat = ((groups - mean) / std).reshape(x.shape)"

GROUP = [
    wrong(
        "spatial_groupnorm_forward",
        "groups_interleaved",
        hint="You deal the channels out to the groups in turn. Groups are blocks of neighbours: the first C/G "
        "channels make the first group.",
        edits={
            GROUPS: "groups = x.reshape(num_images, channels // G, G, height, width).swapaxes(1, 2)",
            BACK: "x_hat = ((groups - mean) / std).swapaxes(1, 2).reshape(x.shape)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "size_taken_for_number",
        hint="You take G for the number of channels in a group. It is the number of groups.",
        edits={
            GROUPS: "groups = x.reshape(num_images, channels // G, G, height, width)",
            DGROUPS: "dx_hat = (dout * gamma).reshape(num_images, channels // G, G, height, width)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "group_axis_mixed_up",
        hint="The reshape is right, but your means run over the axis of the groups instead of over the channels "
        "inside a group: name the five axes one by one.",
        edits={
            "mean = groups.mean(axis=(2, 3, 4), keepdims=True)": "mean = groups.mean(axis=(1, 3, 4), keepdims=True)",
            "var = groups.var(axis=(2, 3, 4), keepdims=True)": "var = groups.var(axis=(1, 3, 4), keepdims=True)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "height_and_width_left_out",
        hint="Your means run over the channels of a group alone, pixel by pixel. Height and width belong in them.",
        edits={
            "mean = groups.mean(axis=(2, 3, 4), keepdims=True)": "mean = groups.mean(axis=2, keepdims=True)",
            "var = groups.var(axis=(2, 3, 4), keepdims=True)": "var = groups.var(axis=2, keepdims=True)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "channels_normalized_apart",
        hint="Every channel is normalized by itself, whatever G is: the channels of a group share mean and variance.",
        edits={
            "mean = groups.mean(axis=(2, 3, 4), keepdims=True)": "mean = groups.mean(axis=(3, 4), keepdims=True)",
            "var = groups.var(axis=(2, 3, 4), keepdims=True)": "var = groups.var(axis=(3, 4), keepdims=True)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "batch_in_the_statistics",
        hint="Your means run over all images. In group norm an image does not know the others.",
        edits={
            "mean = groups.mean(axis=(2, 3, 4), keepdims=True)": "mean = groups.mean(axis=(0, 2, 3, 4), keepdims=True)",
            "var = groups.var(axis=(2, 3, 4), keepdims=True)": "var = groups.var(axis=(0, 2, 3, 4), keepdims=True)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "all_channels_together",
        hint="G makes no difference: you take one mean over all channels of an image.",
        edits={
            GROUPS: "groups = x.reshape(num_images, 1, channels, height, width)",
            DGROUPS: "dx_hat = (dout * gamma).reshape(num_images, 1, channels, height, width)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "no_eps",
        hint="eps makes no difference to your result. Without it a group that does not vary is divided by 0.",
        edits={"np.sqrt(var + eps)": "np.sqrt(var)"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "eps_outside_the_root",
        hint="You add eps to the standard deviation, behind the root. The contract adds it to the variance.",
        edits={"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "eps_hard_coded",
        hint="Your eps is always the same, whatever gn_param says.",
        edits={'eps = gn_param.get("eps", 1e-5)': "eps = 1e-5"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "another_default_for_eps",
        hint="Where gn_param holds no eps you take another one than the contract says. Look up the default.",
        edits={'gn_param.get("eps", 1e-5)': 'gn_param.get("eps", 1e-8)'},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "eps_must_be_given",
        hint="gn_param may be empty: eps has a default.",
        edits={'gn_param.get("eps", 1e-5)': 'gn_param["eps"]'},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "variance_unbiased",
        hint="Your variance is divided by one less than the count (ddof=1). The contract's is biased: think of a "
        "group that holds a single number.",
        edits={"groups.var(axis=(2, 3, 4), keepdims=True)": "groups.var(axis=(2, 3, 4), keepdims=True, ddof=1)"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "root_forgotten",
        hint="You divide by the variance. To get a spread of 1 it takes the standard deviation.",
        edits={"np.sqrt(var + eps)": "var + eps"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "no_gamma",
        hint="Your output is not scaled by gamma.",
        edits={"out = gamma * x_hat + beta": "out = x_hat + beta"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "no_beta",
        hint="beta is not added to your output.",
        edits={"out = gamma * x_hat + beta": "out = gamma * x_hat"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "one_gamma_per_group",
        hint="All channels of a group get the gamma and beta of the first of them. The statistics are shared in a "
        "group, the parameters are not.",
        edits={
            "out = gamma * x_hat + beta": (
                "first = np.arange(channels) // (channels // G) * (channels // G)\n"
                "    out = gamma[:, first] * x_hat + beta[:, first]"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "asserts_instead_of_raising",
        hint="You use `assert` to refuse a G that does not divide C, which raises an AssertionError. The contract "
        "asks for a ValueError.",
        edits={"if channels % G != 0:": "assert channels % G == 0\n    if False:"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "left_over_channels_kept",
        hint="Where G does not divide C you put what is left over into groups of its own. The contract refuses that.",
        edits={
            "if channels % G != 0:\n        raise": (
                "if channels % G != 0:\n        return gamma * x + beta, None\n        raise"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "x_changed",
        hint="Your function changes x, and with it the caller's array: a reshaped x is still x.",
        edits={BACK: "groups -= mean\n    x_hat = (groups / std).reshape(x.shape)"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "dgamma_and_dbeta_exchanged",
        hint="dgamma and dbeta are exchanged: gradients come in the order of forward's inputs, x, gamma, beta.",
        edits={"return dx.reshape(dout.shape), dgamma, dbeta": "return dx.reshape(dout.shape), dbeta, dgamma"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "dx_of_five_axes",
        hint="Your dx still has the axis of the groups: it should have the shape of x.",
        edits={"return dx.reshape(dout.shape), dgamma": "return dx, dgamma"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "groups_interleaved_in_backward",
        hint="The backward pass deals the channels out to the groups in turn, where the forward pass took blocks of "
        "neighbours.",
        edits={
            DGROUPS: "dx_hat = (dout * gamma).reshape(num_images, channels // G, G, height, width).swapaxes(1, 2)",
            "x_hat = x_hat.reshape(dx_hat.shape)": (
                "x_hat = x_hat.reshape(num_images, channels // G, G, height, width).swapaxes(1, 2)"
            ),
            "- x_hat * slope) / std": "- x_hat * slope) / std\n    dx = dx.swapaxes(1, 2)",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "height_and_width_left_out_in_backward",
        hint="On the way back your means run over the channels of a group alone. In the forward pass they ran over "
        "height and width too.",
        edits={
            "offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)": "offset = dx_hat.mean(axis=2, keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)": (
                "slope = (dx_hat * x_hat).mean(axis=2, keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "channels_apart_in_backward",
        hint="On the way back every channel has means of its own. In the forward pass a group shared them.",
        edits={
            "offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)": "offset = dx_hat.mean(axis=(3, 4), keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)": (
                "slope = (dx_hat * x_hat).mean(axis=(3, 4), keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "batch_in_the_means_of_backward",
        hint="On the way back your means run over all images. In the forward pass every image had its own.",
        edits={
            "offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)": (
                "offset = dx_hat.mean(axis=(0, 2, 3, 4), keepdims=True)"
            ),
            "slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)": (
                "slope = (dx_hat * x_hat).mean(axis=(0, 2, 3, 4), keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "mean_as_a_constant",
        hint="Your dx takes the mean for a constant. It is computed from x: a path leads back through it.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - x_hat * slope"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "variance_as_a_constant",
        hint="Your dx takes the variance for a constant. It is computed from x: a path leads back through it.",
        edits={"dx_hat - offset - x_hat * slope": "dx_hat - offset"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "mean_and_variance_as_constants",
        hint="Your dx takes mean and variance for constants. Both are computed from x, and each has a path back.",
        edits={"(dx_hat - offset - x_hat * slope)": "dx_hat"},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "no_gamma_in_dx",
        hint="Your dx is right only where gamma is 1: on the way back gamma scales the gradient, as it scaled x_hat.",
        edits={"dx_hat = (dout * gamma).reshape(": "dx_hat = dout.reshape("},
    ),
    wrong(
        "spatial_groupnorm_forward",
        "gamma_behind_the_bracket",
        hint="You multiply by gamma at the very end. The channels of a group differ in gamma, so it cannot be taken "
        "out of their means.",
        edits={
            "dx_hat = (dout * gamma).reshape(": "dx_hat = dout.reshape(",
            "return dx.reshape(dout.shape), dgamma": "return dx.reshape(dout.shape) * gamma, dgamma",
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "sums_for_means",
        hint="You take off sums of dx_hat and of dx_hat * x_hat. They come back through means: count the numbers in "
        "a group.",
        edits={
            "offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)": "offset = dx_hat.sum(axis=(2, 3, 4), keepdims=True)",
            "slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)": (
                "slope = (dx_hat * x_hat).sum(axis=(2, 3, 4), keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "channels_left_out_of_the_count",
        hint="You divide by the number of pixels. A group holds the pixels of several channels.",
        edits={
            "offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)": (
                "offset = dx_hat.sum(axis=(2, 3, 4), keepdims=True) / (height * width)"
            ),
            "slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)": (
                "slope = (dx_hat * x_hat).sum(axis=(2, 3, 4), keepdims=True) / (height * width)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "parameter_gradients_of_one_axis",
        hint="dgamma and dbeta have the shape (C,). The numbers are right; gamma and beta are (1, C, 1, 1) here, and "
        "a gradient has the shape of what it belongs to.",
        edits={
            "return dx.reshape(dout.shape), dgamma, dbeta": (
                "return dx.reshape(dout.shape), dgamma.ravel(), dbeta.ravel()"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "parameter_gradients_by_pixel",
        hint="dgamma and dbeta keep height and width: every pixel of a channel is scaled by the same gamma.",
        edits={
            "dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)": "dbeta = dout.sum(axis=0, keepdims=True)",
            "dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)": (
                "dgamma = (dout * x_hat).sum(axis=0, keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "parameter_gradients_by_image",
        hint="dgamma and dbeta have an entry for every image: all images share gamma and beta, and their shares add "
        "up.",
        edits={
            "dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)": "dbeta = dout.sum(axis=(2, 3), keepdims=True)",
            "dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)": (
                "dgamma = (dout * x_hat).sum(axis=(2, 3), keepdims=True)"
            ),
        },
    ),
    wrong(
        "spatial_groupnorm_forward",
        "parameter_gradients_averaged",
        hint="dgamma and dbeta are averaged over images and pixels. The loss already holds any division.",
        edits={
            "dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)": "dbeta = dout.mean(axis=(0, 2, 3), keepdims=True)",
            "dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)": (
                "dgamma = (dout * x_hat).mean(axis=(0, 2, 3), keepdims=True)"
            ),
        },
    ),
]

SCALED = "w_folded = w * scale[:, np.newaxis, np.newaxis, np.newaxis]"
SHIFTED = "b_folded = (bias - mean) * scale + beta"

FOLD = [
    wrong(
        "fold_batchnorm",
        "no_eps",
        hint="eps makes no difference to your result. The layer that you fold divides by a root that holds it.",
        edits={"np.sqrt(var + eps)": "np.sqrt(var)"},
    ),
    wrong(
        "fold_batchnorm",
        "eps_outside_the_root",
        hint="You add eps behind the root. The layer that you fold adds it to the variance.",
        edits={"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
    ),
    wrong(
        "fold_batchnorm",
        "eps_hard_coded",
        hint="Your eps is always 1e-5, whatever the argument says.",
        edits={"np.sqrt(var + eps)": "np.sqrt(var + 1e-5)"},
    ),
    wrong(
        "fold_batchnorm",
        "root_forgotten",
        hint="You divide by the variance. Batch norm divides by the standard deviation.",
        edits={"np.sqrt(var + eps)": "(var + eps)"},
    ),
    wrong(
        "fold_batchnorm",
        "no_gamma",
        hint="gamma makes no difference to your result: batch norm scales by it.",
        edits={"scale = gamma / std": "scale = 1 / std"},
    ),
    wrong(
        "fold_batchnorm",
        "deviation_left_out",
        hint="You scale by gamma alone: batch norm also divides by the standard deviation.",
        edits={"scale = gamma / std": "scale = gamma"},
    ),
    wrong(
        "fold_batchnorm",
        "scale_upside_down",
        hint="Your scale is upside down: write down what batch norm multiplies by and what it divides by.",
        edits={"scale = gamma / std": "scale = std / gamma"},
    ),
    wrong(
        "fold_batchnorm",
        "bias_not_scaled",
        hint="The bias of the convolution goes through batch norm like everything else, and is scaled there.",
        edits={SHIFTED: "b_folded = bias - mean * scale + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "mean_not_scaled",
        hint="You subtract the mean as it is. Batch norm subtracts it before it scales.",
        edits={SHIFTED: "b_folded = bias * scale - mean + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "neither_bias_nor_mean_scaled",
        hint="Neither the bias nor the mean is scaled in your new bias: batch norm subtracts first and scales then.",
        edits={SHIFTED: "b_folded = bias - mean + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "mean_forgotten",
        hint="The running mean makes no difference to your result.",
        edits={SHIFTED: "b_folded = bias * scale + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "mean_with_the_wrong_sign",
        hint="The running mean has the wrong sign in your bias: batch norm takes it away.",
        edits={SHIFTED: "b_folded = (bias + mean) * scale + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "beta_forgotten",
        hint="beta makes no difference to your result.",
        edits={SHIFTED: "b_folded = (bias - mean) * scale"},
    ),
    wrong(
        "fold_batchnorm",
        "beta_scaled",
        hint="beta is scaled in your bias. Batch norm adds it at the very end.",
        edits={SHIFTED: "b_folded = (bias - mean + beta) * scale"},
    ),
    wrong(
        "fold_batchnorm",
        "old_bias_dropped",
        hint="The bias of the convolution makes no difference to your result. There may be one.",
        edits={SHIFTED: "b_folded = beta - mean * scale"},
    ),
    wrong(
        "fold_batchnorm",
        "bias_left_as_it_was",
        hint="Only the filters are folded, the bias is still the old one: where do mean and beta go?",
        edits={SHIFTED: "b_folded = bias"},
    ),
    wrong(
        "fold_batchnorm",
        "filters_left_as_they_were",
        hint="Only the bias is folded, the filters are still the old ones.",
        edits={SCALED: "w_folded = w.copy()"},
    ),
    wrong(
        "fold_batchnorm",
        "missing_bias_not_handled",
        hint="b may be None: then the convolution adds nothing. The folded one has a bias all the same.",
        edits={"bias = np.zeros_like(mean) if b is None else b": "bias = b"},
    ),
    wrong(
        "fold_batchnorm",
        "scaled_along_the_columns",
        hint="Your scale is lined up with the last axis of w, the columns of a filter. It belongs to the filter: "
        "shapes are lined up from the right.",
        edits={SCALED: "w_folded = w * scale"},
    ),
    wrong(
        "fold_batchnorm",
        "input_channels_scaled",
        hint="You scale the input channels of every filter. Batch norm stands behind the convolution: its channels "
        "are the filters.",
        edits={SCALED: "w_folded = w * scale[np.newaxis, :, np.newaxis, np.newaxis]"},
    ),
    wrong(
        "fold_batchnorm",
        "filters_flattened",
        hint="Your filters come back as rows: restore the shape (F, C, HH, WW).",
        edits={SCALED: "w_folded = w.reshape(len(w), -1) * scale[:, np.newaxis]"},
    ),
    wrong(
        "fold_batchnorm",
        "bias_of_two_axes",
        hint="The numbers of your bias are right, its shape is (F, 1): it should be (F,).",
        edits={SHIFTED: "b_folded = ((bias - mean) * scale + beta)[:, np.newaxis]"},
    ),
    wrong(
        "fold_batchnorm",
        "w_changed",
        hint="Your function changes w itself, so the layer before it is no longer what it was: fold into new arrays.",
        edits={SCALED: "w *= scale[:, np.newaxis, np.newaxis, np.newaxis]\n    w_folded = w"},
    ),
    wrong(
        "fold_batchnorm",
        "b_changed",
        hint="Your function changes b itself, so the layer before it is no longer what it was: fold into new arrays.",
        edits={SHIFTED: "bias -= mean\n    b_folded = bias * scale + beta"},
    ),
    wrong(
        "fold_batchnorm",
        "order_exchanged",
        hint="The two arrays are in the wrong order: w comes first.",
        edits={"return w_folded, b_folded": "return b_folded, w_folded"},
    ),
]

UPDATE_MEAN = "self.running_mean.copy_((1 - share) * self.running_mean + share * mean)"
UPDATE_VAR = "self.running_var.copy_((1 - share) * self.running_var + share * unbiased_var)"
EVAL = "mean, var = self.running_mean, self.running_var"
ROOT = "std = torch.sqrt(var + self.eps)"
BATCH_MEAN = "mean = x.mean(dim=(0, 2, 3))"
BATCH_VAR = "var = x.var(dim=(0, 2, 3), unbiased=False)"
BUFFER_MEAN = 'self.register_buffer("running_mean", torch.zeros(num_features) if track_running_stats else None)'
BUFFER_VAR = 'self.register_buffer("running_var", torch.ones(num_features) if track_running_stats else None)'
BUFFER_COUNT = 'self.register_buffer("num_batches_tracked", torch.tensor(0) if track_running_stats else None)'
WEIGHT = 'self.register_parameter("weight", nn.Parameter(torch.ones(num_features)) if affine else None)'
BIAS = 'self.register_parameter("bias", nn.Parameter(torch.zeros(num_features)) if affine else None)'
AFFINE = "out = out * self.weight[:, None, None] + self.bias[:, None, None]"

MODULE = [
    wrong(
        "BatchNorm2d",
        "running_variance_biased",
        hint="Your running variance is the biased one that normalizes the batch. PyTorch keeps the unbiased one for "
        "later: compare the two divisors.",
        edits={"unbiased_var = var * count / (count - 1)": "unbiased_var = var"},
    ),
    wrong(
        "BatchNorm2d",
        "normalizes_with_the_unbiased_variance",
        hint="You normalize the batch with the unbiased variance. PyTorch keeps that one for later, and normalizes "
        "with the biased one.",
        edits={BATCH_VAR: "var = x.var(dim=(0, 2, 3))", "var * count / (count - 1)": "var"},
    ),
    wrong(
        "BatchNorm2d",
        "momentum_reversed",
        hint="Your momentum runs the wrong way. PyTorch's is the share of the NEW value, the other way round from "
        "the NumPy exercises before.",
        edits={
            UPDATE_MEAN: "self.running_mean.copy_(share * self.running_mean + (1 - share) * mean)",
            UPDATE_VAR: "self.running_var.copy_(share * self.running_var + (1 - share) * unbiased_var)",
        },
    ),
    wrong(
        "BatchNorm2d",
        "momentum_hard_coded",
        hint="Your momentum is always 0.1, whatever the argument says.",
        edits={"else self.momentum": "else 0.1"},
    ),
    wrong(
        "BatchNorm2d",
        "default_momentum_of_numpy",
        hint="Your default momentum is 0.9. PyTorch's momentum is the share of the new value: its default is smaller.",
        edits={"momentum=0.1": "momentum=0.9"},
    ),
    wrong(
        "BatchNorm2d",
        "momentum_none_not_handled",
        hint="momentum may be None, and None cannot be multiplied: then every batch counts the same.",
        edits={"1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum": "self.momentum"},
    ),
    wrong(
        "BatchNorm2d",
        "momentum_none_taken_for_the_default",
        hint="With momentum=None you go on with 0.1. It asks for the plain average over all batches so far.",
        edits={"1 / self.num_batches_tracked.item() if self.momentum is None": "0.1 if self.momentum is None"},
    ),
    wrong(
        "BatchNorm2d",
        "momentum_zero_taken_for_none",
        hint="A momentum of 0 is treated like None. 0 is false in Python, and means here that nothing changes.",
        edits={"if self.momentum is None": "if not self.momentum"},
    ),
    wrong(
        "BatchNorm2d",
        "batch_statistics_in_eval_mode",
        hint="In eval mode you normalize with the batch's own mean and variance. What are the running ones kept for?",
        edits={"if self.training or not self.track_running_stats:": "if True:"},
    ),
    wrong(
        "BatchNorm2d",
        "mode_ignored",
        hint="Train and eval mode do the same in your module: the batch's statistics normalize, and the running ones "
        "are updated. A module knows its mode from self.training.",
        edits={
            "if self.training or not self.track_running_stats:": "if True:",
            "if self.training and self.track_running_stats:": "if self.track_running_stats:",
        },
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_in_train_mode",
        hint="In train mode you normalize with the running statistics, which you have just updated. The batch "
        "normalizes itself; the running ones are for eval mode.",
        edits={ROOT: "if self.track_running_stats:\n            " + EVAL + "\n        " + ROOT},
    ),
    wrong(
        "BatchNorm2d",
        "updated_in_eval_mode",
        hint="Your running statistics change in eval mode. A network that is only asked for its opinion must not "
        "learn from the question.",
        edits={
            EVAL: (
                "mean, var = self.running_mean.clone(), self.running_var.clone()\n"
                "            with torch.no_grad():\n"
                "                self.running_mean.lerp_(x.mean(dim=(0, 2, 3)), 0.1)\n"
                "                self.running_var.lerp_(x.var(dim=(0, 2, 3), unbiased=False), 0.1)"
            ),
        },
    ),
    wrong(
        "BatchNorm2d",
        "batches_counted_in_eval_mode",
        hint="num_batches_tracked grows in eval mode too. It counts the batches that the running statistics have seen.",
        edits={EVAL: EVAL + "\n            self.num_batches_tracked += 1"},
    ),
    wrong(
        "BatchNorm2d",
        "batches_not_counted",
        hint="num_batches_tracked stays 0: it should count the batches in train mode, and momentum=None needs it.",
        edits={"self.num_batches_tracked += 1": "self.num_batches_tracked += 0"},
    ),
    wrong(
        "BatchNorm2d",
        "count_is_a_float",
        hint="num_batches_tracked is a floating-point number. It counts, and PyTorch's is a whole number.",
        edits={"torch.tensor(0) if track": "torch.tensor(0.0) if track"},
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_not_updated",
        hint="Your running statistics never change: a name inside forward is forgotten when it returns.",
        edits={
            UPDATE_MEAN: "running_mean = (1 - share) * self.running_mean + share * mean",
            UPDATE_VAR: "running_var = (1 - share) * self.running_var + share * unbiased_var",
        },
    ),
    wrong(
        "BatchNorm2d",
        "running_variance_from_itself",
        hint="Your running variance is computed from itself alone, so it never changes: the batch must enter.",
        edits={UPDATE_VAR: UPDATE_VAR.replace("share * unbiased_var", "share * self.running_var")},
    ),
    wrong(
        "BatchNorm2d",
        "running_standard_deviation",
        hint="Under running_var you keep standard deviations.",
        edits={"unbiased_var = var * count / (count - 1)": "unbiased_var = (var * count / (count - 1)).sqrt()"},
    ),
    wrong(
        "BatchNorm2d",
        "count_without_the_pixels",
        hint="For the unbiased variance you count the images alone. A channel has N * H * W values.",
        edits={
            "unbiased_var = var * count / (count - 1)": (
                "count = x.shape[0] + 1e-9\n                unbiased_var = var * count / (count - 1)"
            ),
        },
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_in_the_graph",
        hint="Your running statistics carry autograd's graph of the batches that made them: a later backward pass "
        "runs into one that is gone (and until then none of that memory is freed).",
        edits={
            "with torch.no_grad():": "if True:",
            UPDATE_MEAN: "self.running_mean = (1 - share) * self.running_mean + share * mean",
            UPDATE_VAR: "self.running_var = (1 - share) * self.running_var + share * unbiased_var",
        },
    ),
    wrong(
        "BatchNorm2d",
        "statistics_detached",
        hint="Your dx takes the batch's mean and variance for constants. They are computed from x: in train mode the "
        "gradient must flow through them. Only what is kept for later is cut off.",
        edits={BATCH_MEAN: BATCH_MEAN + ".detach()", BATCH_VAR: BATCH_VAR + ".detach()"},
    ),
    wrong(
        "BatchNorm2d",
        "variance_detached",
        hint="Your dx takes the batch's variance for a constant. It is computed from x: in train mode the gradient "
        "must flow through it.",
        edits={BATCH_VAR: BATCH_VAR + ".detach()"},
    ),
    wrong(
        "BatchNorm2d",
        "x_gets_no_gradient",
        hint="x gets no gradient at all: the layers before this one would never learn.",
        edits={"if x.dim() != 4:": "x = x.detach()\n        if x.dim() != 4:"},
    ),
    wrong(
        "BatchNorm2d",
        "no_eps",
        hint="eps makes no difference to your result.",
        edits={ROOT: "std = torch.sqrt(var)"},
    ),
    wrong(
        "BatchNorm2d",
        "no_eps_in_eval_mode",
        hint="Train mode uses eps and eval mode does not. Both must compute the same function of mean and variance.",
        edits={ROOT: "std = torch.sqrt(var + (self.eps if self.training else 0))"},
    ),
    wrong(
        "BatchNorm2d",
        "eps_outside_the_root",
        hint="You add eps to the standard deviation, behind the root. The contract adds it to the variance.",
        edits={ROOT: "std = torch.sqrt(var) + self.eps"},
    ),
    wrong(
        "BatchNorm2d",
        "eps_hard_coded",
        hint="Your eps is always the same, whatever the argument says.",
        edits={ROOT: "std = torch.sqrt(var + 1e-5)"},
    ),
    wrong(
        "BatchNorm2d",
        "another_default_for_eps",
        hint="Your default for eps is not PyTorch's (it is that of another library).",
        edits={"eps=1e-5": "eps=1e-3"},
    ),
    wrong(
        "BatchNorm2d",
        "root_forgotten",
        hint="You divide by the variance. To get a spread of 1 it takes the standard deviation.",
        edits={ROOT: "std = var + self.eps"},
    ),
    wrong(
        "BatchNorm2d",
        "variance_as_a_difference_of_large_numbers",
        hint="You compute the variance as the mean of the squares less the square of the mean. In float32 that is the "
        "small difference of two large numbers, and drowns in rounding where the mean is far from 0.",
        edits={BATCH_VAR: "var = (x * x).mean(dim=(0, 2, 3)) - mean * mean"},
    ),
    wrong(
        "BatchNorm2d",
        "one_mean_for_all_channels",
        hint="You take one mean and one variance over the whole batch. Every channel has its own.",
        edits={
            BATCH_MEAN: "mean = x.mean().expand(x.shape[1])",
            BATCH_VAR: "var = x.var(unbiased=False).expand(x.shape[1])",
        },
    ),
    wrong(
        "BatchNorm2d",
        "first_image_only",
        hint="Mean and variance come from the first image alone: the batch is what normalizes.",
        edits={
            BATCH_MEAN: "mean = x[:1].mean(dim=(0, 2, 3))",
            BATCH_VAR: "var = x[:1].var(dim=(0, 2, 3), unbiased=False)",
        },
    ),
    wrong(
        "BatchNorm2d",
        "weight_along_the_width",
        hint="weight and bias run along the last axis, the width. They belong to the channels: shapes are lined up "
        "from the right.",
        edits={AFFINE: "out = out * self.weight + self.bias"},
    ),
    wrong(
        "BatchNorm2d",
        "weight_and_bias_exchanged",
        hint="You scale by the bias and shift by the weight.",
        edits={AFFINE: "out = out * self.bias[:, None, None] + self.weight[:, None, None]"},
    ),
    wrong(
        "BatchNorm2d",
        "shifted_before_scaling",
        hint="You add the bias before you multiply by the weight, so that the bias is scaled too.",
        edits={AFFINE: "out = (out + self.bias[:, None, None]) * self.weight[:, None, None]"},
    ),
    wrong(
        "BatchNorm2d",
        "no_weight_in_eval_mode",
        hint="In eval mode weight and bias make no difference: what was learned belongs to both modes.",
        edits={"        if self.affine:": "        if self.affine and self.training:"},
    ),
    wrong(
        "BatchNorm2d",
        "weight_starts_at_zero",
        hint="Your weight starts at 0, so that a new module gives 0 for everything.",
        edits={WEIGHT: WEIGHT.replace("torch.ones", "torch.zeros")},
    ),
    wrong(
        "BatchNorm2d",
        "weight_starts_at_random",
        hint="Your weight starts at random numbers. A new module should leave a normalized x as it is.",
        edits={WEIGHT: WEIGHT.replace("torch.ones(num_features)", "torch.linspace(-0.1, 0.1, num_features)")},
    ),
    wrong(
        "BatchNorm2d",
        "running_variance_starts_at_zero",
        hint="Your running variance starts at 0, as in the NumPy exercises. PyTorch's starts at 1, so that a module "
        "that was never trained leaves x as it is.",
        edits={BUFFER_VAR: BUFFER_VAR.replace("torch.ones", "torch.zeros")},
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_are_parameters",
        hint="Your running statistics are parameters: an optimiser would train them. What belongs to the state and "
        "is not learned has a place of its own in a module.",
        edits={
            BUFFER_MEAN: "self.running_mean = nn.Parameter(torch.zeros(num_features)) if track_running_stats else None",
            BUFFER_VAR: "self.running_var = nn.Parameter(torch.ones(num_features)) if track_running_stats else None",
        },
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_are_frozen_parameters",
        hint="Your running statistics are parameters, if ones without a gradient: whoever goes through parameters() "
        "finds them. What belongs to the state and is not learned has a place of its own in a module.",
        edits={
            BUFFER_MEAN: (
                "self.running_mean = nn.Parameter(torch.zeros(num_features), False) if track_running_stats else None"
            ),
            BUFFER_VAR: (
                "self.running_var = nn.Parameter(torch.ones(num_features), False) if track_running_stats else None"
            ),
        },
    ),
    wrong(
        "BatchNorm2d",
        "running_statistics_are_plain_tensors",
        hint="Your running statistics are not in the state_dict: a network that is saved and loaded would have lost "
        "them, and .to(device) leaves them behind. A tensor that is no parameter must be registered.",
        edits={
            BUFFER_MEAN: "self.running_mean = torch.zeros(num_features) if track_running_stats else None",
            BUFFER_VAR: "self.running_var = torch.ones(num_features) if track_running_stats else None",
        },
    ),
    wrong(
        "BatchNorm2d",
        "count_is_not_in_the_state",
        hint="num_batches_tracked is not in the state_dict, so that PyTorch's state does not load into your module.",
        edits={BUFFER_COUNT: "self.num_batches_tracked = torch.tensor(0) if track_running_stats else None"},
    ),
    wrong(
        "BatchNorm2d",
        "nothing_but_parameters_in_the_state",
        hint="Your buffers are left out of the state_dict (persistent=False): a network that is saved and loaded "
        "would have lost its running statistics.",
        edits={
            BUFFER_MEAN: BUFFER_MEAN.replace("None)", "None, False)"),
            BUFFER_VAR: BUFFER_VAR.replace("None)", "None, False)"),
            BUFFER_COUNT: BUFFER_COUNT.replace("None)", "None, False)"),
        },
    ),
    wrong(
        "BatchNorm2d",
        "parameters_named_gamma_and_beta",
        hint="Your parameters are called gamma and beta. PyTorch calls them weight and bias, and a state_dict goes by "
        "names.",
        edits={
            WEIGHT: WEIGHT.replace('"weight"', '"gamma"'),
            BIAS: BIAS.replace('"bias"', '"beta"'),
            AFFINE: "out = out * self.gamma[:, None, None] + self.beta[:, None, None]",
        },
    ),
    wrong(
        "BatchNorm2d",
        "buffers_in_another_order",
        hint="The names in your state_dict are right, their order is not PyTorch's: it is the order in which they "
        "are registered.",
        edits={
            f"{BUFFER_MEAN}\n        {BUFFER_VAR}\n        {BUFFER_COUNT}": (
                f"{BUFFER_COUNT}\n        {BUFFER_MEAN}\n        {BUFFER_VAR}"
            ),
        },
    ),
    wrong(
        "BatchNorm2d",
        "affine_ignored",
        hint="With affine=False your module has a weight and a bias all the same.",
        edits={WEIGHT: WEIGHT.replace("if affine", "if True"), BIAS: BIAS.replace("if affine", "if True")},
    ),
    wrong(
        "BatchNorm2d",
        "affine_false_not_handled",
        hint="With affine=False there is no weight and no bias, and None cannot be multiplied.",
        edits={"        if self.affine:": "        if True:"},
    ),
    wrong(
        "BatchNorm2d",
        "track_running_stats_ignored",
        hint="With track_running_stats=False your module keeps running statistics all the same.",
        edits={
            "self.affine, self.track_running_stats = affine, track_running_stats": (
                "track_running_stats = True\n"
                "        self.affine, self.track_running_stats = affine, track_running_stats"
            ),
        },
    ),
    wrong(
        "BatchNorm2d",
        "no_running_statistics_in_eval_mode",
        hint="With track_running_stats=False there are no running statistics to normalize with in eval mode: what is "
        "left?",
        edits={"if self.training or not self.track_running_stats:": "if self.training:"},
    ),
    wrong(
        "BatchNorm2d",
        "always_float64",
        hint="Your output is float64 whatever goes in: dtype (and device) should follow x.",
        edits={"if x.dim() != 4:": "x = x.double()\n        if x.dim() != 4:"},
    ),
    wrong(
        "BatchNorm2d",
        "one_value_not_refused",
        hint="One image of one pixel has no spread, and the unbiased variance divides by 0: your running variance "
        "is lost for good. The contract asks for a ValueError.",
        edits={"if count == 1:": "if count == 0:"},
    ),
    wrong(
        "BatchNorm2d",
        "one_value_refused_in_eval_mode",
        hint="You refuse one value per channel in eval mode too. There the running statistics normalize, and one "
        "value is enough.",
        edits={"if x.dim() != 4:": "if x.dim() != 4 or x.numel() == x.shape[1]:"},
    ),
    wrong(
        "BatchNorm2d",
        "one_image_refused",
        hint="You refuse a batch of one image. It has a spread as soon as it has more than one pixel.",
        edits={"if count == 1:": "if len(x) == 1:"},
    ),
    wrong(
        "BatchNorm2d",
        "axes_not_checked",
        hint="x with another number of axes than four should be refused with a ValueError before anything is computed.",
        edits={"if x.dim() != 4:": "if False:"},
    ),
    wrong(
        "BatchNorm2d",
        "asserts_instead_of_raising",
        hint="You use `assert` to refuse x, which raises an AssertionError. The contract asks for a ValueError.",
        edits={
            "if x.dim() != 4:": "assert x.dim() == 4\n        if False:",
            "if count == 1:": "assert count > 1\n            if False:",
        },
    ),
]

WRONG = [
    *FORWARD,
    *BACKWARD,
    *BACKWARD_ALT,
    *SPATIAL,
    *LAYER,
    *GROUP,
    *FOLD,
    *MODULE,
]
