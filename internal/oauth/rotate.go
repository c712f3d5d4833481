package oauth

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
)

const (
	signsFor     = 30 * 24 * time.Hour // then the next key takes over
	publishedFor = 24 * time.Hour      // before it signs, longer than anybody keeps our key set
	knownFor     = 2 * time.Hour       // after it signed its last, longer than anything that it signed lives
)

// Rotate makes the next keys sign, whatever the age of those that do. What the old ones
// signed is good until it expires. Errors: those of the database and of the sealer.
func (s *Server) Rotate(ctx context.Context) error {
	for _, purpose := range []string{forTokens, forNonces} {
		if err := s.turn(ctx, purpose, func(keyRow, keyRow, time.Time) bool { return true }); err != nil {
			return err
		}
	}
	s.keyring.forget()
	return nil
}

// Tend makes the first keys, lets the next ones sign when it is time, and forgets those
// that nothing needs any more. Several nodes may do it at once.
func (s *Server) Tend(ctx context.Context) error {
	due := func(now, then keyRow, at time.Time) bool {
		return at.Sub(now.SignsFrom) >= signsFor && at.Sub(then.CreatedAt) >= publishedFor
	}
	for _, purpose := range []string{forTokens, forNonces} {
		if err := s.turn(ctx, purpose, due); err != nil {
			return err
		}
		if err := s.retire(ctx, purpose); err != nil {
			return err
		}
	}
	return nil
}

// turn moves next → signing → verifying, in one commit, if due says so.
func (s *Server) turn(ctx context.Context, purpose string, due func(now, then keyRow, at time.Time) bool) error {
	rows, err := s.keyRows(ctx, purpose)
	if err != nil {
		return err
	}
	at := s.clock.Now()
	first, number := len(rows) == 0, int64(1)
	for i := range rows {
		if rows[i].State == signing {
			number = rows[i].Number
			if i+1 < len(rows) && !due(rows[i], rows[i+1], at) {
				return nil
			}
		}
	}
	fresh, err := newKey(s.sealer, purpose, number+2, at)
	if err != nil {
		return err
	}
	if first {
		return s.begin(ctx, purpose, at)
	}
	now, then := keyID(purpose, number), keyID(purpose, number+1)
	return s.db.Write(ctx, []db.Lock{keys.Lock(now), keys.Lock(then), keys.Lock(fresh.ID)}, func(tx *db.Tx) error {
		a, there := keys.Get(tx, now)
		b, ready := keys.Get(tx, then)
		if _, made := keys.Get(tx, fresh.ID); made || !there || !ready || a.State != signing || b.State != next {
			return nil // another node was faster
		}
		a.State, a.VerifiesUntil = verifying, at.Add(knownFor)
		b.State, b.SignsFrom = signing, at
		keys.Update(tx, a)
		keys.Update(tx, b)
		keys.Insert(tx, fresh)
		return nil
	})
}

// begin makes the first two keys, on one node.
func (s *Server) begin(ctx context.Context, purpose string, at time.Time) error {
	var pair [2]keyRow
	for i := range pair {
		var err error
		if pair[i], err = newKey(s.sealer, purpose, int64(i+1), at); err != nil {
			return err
		}
	}
	pair[0].State, pair[0].SignsFrom = signing, at
	return s.db.Write(ctx, []db.Lock{keys.Lock(pair[0].ID), keys.Lock(pair[1].ID)}, func(tx *db.Tx) error {
		if _, made := keys.Get(tx, pair[0].ID); made {
			return nil
		}
		keys.Insert(tx, pair[0])
		keys.Insert(tx, pair[1])
		return nil
	})
}

// retire erases the private part of keys that verify no more.
func (s *Server) retire(ctx context.Context, purpose string) error {
	rows, err := s.keyRows(ctx, purpose)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	for _, k := range rows {
		if k.State != verifying || now.Before(k.VerifiesUntil) {
			continue
		}
		err := s.db.Write(ctx, []db.Lock{keys.Lock(k.ID)}, func(tx *db.Tx) error {
			k, there := keys.Get(tx, k.ID)
			if !there || k.State != verifying {
				return nil
			}
			k.State, k.Sealed = retired, nil
			keys.Update(tx, k)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
