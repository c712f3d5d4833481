package oauth

import (
	"sync"
	"time"

	"github.com/florinpay/florin/internal/db"
)

// What names are of.
const (
	kindAssertion = "assertion"
	kindProof     = "proof"
	kindObject    = "object"
	kindInitial   = "initial"
	kindRevoked   = "revoked"
)

// name is a name that may be used once, until an instant after which what it names is
// not good any more. It is kept as a digest of its kind, whose it is, and itself, so that
// nobody uses up another's.
type name struct {
	ID        string
	Kind      string
	ExpiresAt time.Time

	again *Fail // the refusal of a second use
}

func newName(kind, owner, what string, until time.Time, again *Fail) name {
	return name{digest(kind + "\x00" + owner + "\x00" + what), kind, until, again}
}

// spends are names to be used up in one commit.
type spends []name

func (s spends) locks() []db.Lock {
	locks := make([]db.Lock, len(s))
	for i, n := range s {
		locks[i] = seen.Lock(n.ID)
	}
	return locks
}

// spend uses the names up. Error: the refusal of the first that was used before; then
// nothing may be written.
func (s spends) spend(tx *db.Tx, now time.Time) error {
	for _, n := range s {
		if was, there := seen.Get(tx, n.ID); there && !was.ExpiresAt.Before(now) {
			return n.again
		}
	}
	for _, n := range s {
		if _, there := seen.Get(tx, n.ID); there {
			seen.Update(tx, n)
			continue
		}
		seen.Insert(tx, n)
	}
	return nil
}

// recent remembers names for a span in this process: the doors check every call, most of
// which write nothing. It forgets none early: when full it takes no more.
type recent struct {
	span    time.Duration
	sizeMax int // of one half

	mu       sync.Mutex
	young    map[[32]byte]struct{}
	old      map[[32]byte]struct{}
	turnedAt time.Time
}

func newRecent(span time.Duration, sizeMax int) *recent {
	return &recent{span: span, sizeMax: sizeMax, young: map[[32]byte]struct{}{}}
}

// use reports whether name is new, and whether there was room to remember it.
func (r *recent) use(name [32]byte, now time.Time) (fresh, room bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.turnedAt); age > r.span {
		r.old, r.young, r.turnedAt = r.young, make(map[[32]byte]struct{}, len(r.young)/2), now
		if age > 2*r.span {
			r.old = nil
		}
	}
	if _, seen := r.young[name]; seen {
		return false, true
	}
	if _, seen := r.old[name]; seen {
		return false, true
	}
	if len(r.young) >= r.sizeMax {
		return true, false
	}
	r.young[name] = struct{}{}
	return true, true
}
