package identity

import "time"

// Cheap lets tests sign in often: hashes take no memory to speak of.
func (r *Room) Cheap() *Room {
	r.hasher = newHasher(cost{64, 1, 1})
	return r
}

// Hashes is how many password hashes were computed.
func (r *Room) Hashes() int64 { return r.hasher.count.Load() }

// Remembered is how many sessions are in memory.
func (r *Room) Remembered() int {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	return len(r.cache.entries)
}

// CodeAt is what an authenticator app shows.
func CodeAt(secret []byte, now time.Time) string { return hotp(secret, stepAt(now), totpDigits) }

// Acts lists the acts in the table's order.
func Acts() (acts []Act) {
	for _, r := range rules {
		acts = append(acts, r.act)
	}
	return acts
}

// NeedsStepUp reports whether an act needs one.
func NeedsStepUp(act Act) bool { r, _ := ruleOf(act); return r.fresh }

// ParseAnswers reads an answer both ways.
func ParseAnswers(answer []byte) {
	_, _ = parseCreation(answer)
	_, _ = parseAssertion(answer)
}
