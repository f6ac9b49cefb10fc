#pragma once

/// Everything of the C++ SDK.

#include "tombolo/any_collection.h"
#include "tombolo/app.h"
#include "tombolo/collection.h"
#include "tombolo/log.h"
#include "tombolo/mixed.h"
#include "tombolo/model.h"
#include "tombolo/open_task.h"
#include "tombolo/predicate.h"
#include "tombolo/realm.h"
#include "tombolo/results.h"
#include "tombolo/sorted_values.h"
#include "tombolo/sync_session.h"
