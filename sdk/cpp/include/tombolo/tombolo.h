#pragma once

/// Everything of the C++ SDK.

#include "tombolo/app.h"
#include "tombolo/log.h"
#include "tombolo/model.h"
#include "tombolo/open_task.h"
#include "tombolo/predicate.h"
#include "tombolo/realm.h"
#include "tombolo/results.h"
#include "tombolo/sync_session.h"
