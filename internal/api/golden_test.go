package api

import "os"

// update says to write the golden files anew, as `make golden` does.
var update = os.Getenv("FLORIN_UPDATE_GOLDEN") != ""
