package dispute

// Every verification of these tests reads many pages.
func init() { pageMax = 2 }
