#include "sql/compile.h"
