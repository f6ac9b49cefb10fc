#pragma once

#include "bench/support/bench_rows.h"

namespace tombolo::bench {

/// What encryption costs: an encrypted file beside one that is not.
void add_encryption_rows(Bench& bench);

}  // namespace tombolo::bench
