#pragma once

#include "bench/support/bench_rows.h"

namespace tombolo::bench {

/// Queries, links, collections and opening, beside SQLite or the plainest loop there is.
void add_query_rows(Bench& bench);

}  // namespace tombolo::bench
