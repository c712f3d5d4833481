package event

import (
	"slices"
	"strings"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
)

// Version is the newest version of the payloads: the day on which a change began that an
// older reader might stumble over. What is only added makes no version.
const Version = "2026-11-26"

// first is the version from before any change.
const first = "2026-11-24"

// change is what one version brought, and how an event looks without it.
type change struct {
	version string
	back    func(*florinv1.Event)
}

// changes are the newest first. None is ever taken out: an endpoint that was pinned years
// ago gets what it was made for. A field that a change moves stays in the contract, and
// back fills it.
var changes = []change{
	{"2026-11-26", func(e *florinv1.Event) { // the envelope names its version, and what it is about
		e.ApiVersion, e.Related = "", nil
	}},
}

// Versions are all versions, the newest first.
func Versions() []string {
	list := make([]string, 0, len(changes)+1)
	for _, c := range changes {
		list = append(list, c.version)
	}
	return append(list, first)
}

// CheckVersion refuses a version that there is not. "" is the newest. Error:
// fault.ErrInvalid with the field api_version.
func CheckVersion(version string) error {
	if version == "" || slices.Contains(Versions(), version) {
		return nil
	}
	return fault.ErrInvalid.WithField("/api_version", "unknown_version", VersionsText)
}

// VersionsText tells whoever asked for another version what there is.
var VersionsText = "There is no such version. Send one of " + strings.Join(Versions(), ", ") + ", or leave it out for the newest."

// convert takes back what came after a version.
func convert(e *florinv1.Event, version string) {
	if version == "" {
		return
	}
	for _, c := range changes {
		if c.version <= version {
			return
		}
		c.back(e)
	}
}
