package oauth

import (
	"strings"
	"testing"
	"time"
)
