#pragma once

#include "bench/support/bench_rows.h"

namespace tombolo::bench {

/// What a file and a process go through: sizes of files, memory, notifications.
void add_life_rows(Bench& bench);

}  // namespace tombolo::bench
