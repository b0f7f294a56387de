// Reads our ledger with the Go project's own note and tlog packages, which know nothing of this program.
//
//	go-reader verify LEDGER KEY   the checkpoint's signature, every tile and entry, inclusion and consistency
//	go-reader vectors             prints notes that Go signed and proofs that tlog made, as JSON
//
// Run by tests/proof/log/test_go_reader.py where Go and Debian's golang-golang-x-mod-dev are installed.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "verify":
		err = verify(os.Args[2], os.Args[3])
	case len(os.Args) == 2 && os.Args[1] == "vectors":
		err = vectors()
	default:
		err = fmt.Errorf("usage: go-reader verify LEDGER KEY | go-reader vectors")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tileReader serves C2SP tiles, whose names lack the height, to tlog.
type tileReader struct{ folder string }

func (r tileReader) Height() int                         { return height }
func (r tileReader) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		name := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		data, err := os.ReadFile(filepath.Join(r.folder, name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func verify(ledger, key string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(ledger, "checkpoint"))
	if err != nil {
		return err
	}
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("checkpoint: it is not of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	tree := tlog.Tree{N: size, Hash: root}
	hashes := tlog.TileHashReader(tree, tileReader{ledger})
	entries, err := readEntries(ledger, size)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for number, entry := range entries {
		more, err := tlog.StoredHashes(int64(number), entry, own)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	computed, err := tlog.TreeHash(size, own)
	if err != nil {
		return err
	}
	if computed != root {
		return fmt.Errorf("the entries do not give the signed root")
	}
	for number := int64(0); number < size; number++ {
		proof, err := tlog.ProveRecord(size, number, hashes)
		if err != nil {
			return fmt.Errorf("entry %d: %w", number, err)
		}
		if err := tlog.CheckRecord(proof, size, root, number, tlog.RecordHash(entries[number])); err != nil {
			return fmt.Errorf("entry %d: %w", number, err)
		}
	}
	for old := int64(1); old <= size; old++ {
		before, err := tlog.TreeHash(old, own)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(size, old, hashes)
		if err != nil {
			return fmt.Errorf("consistency from %d: %w", old, err)
		}
		if err := tlog.CheckTree(proof, size, root, old, before); err != nil {
			return fmt.Errorf("consistency from %d: %w", old, err)
		}
	}
	fmt.Printf("verified: %d entries of %s, %d signatures known, %d not\n",
		size, lines[0], len(signed.Sigs), len(signed.UnverifiedSigs))
	return nil
}

// readEntries reads C2SP bundles: each entry after its length in two bytes, big-endian.
func readEntries(ledger string, size int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
		name := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", height))
		data, err := os.ReadFile(filepath.Join(ledger, "tile", "entries", name))
		if err != nil {
			return nil, err
		}
		for len(data) >= 2 {
			length := int(binary.BigEndian.Uint16(data))
			if len(data) < 2+length {
				return nil, fmt.Errorf("%s ends in the middle of an entry", name)
			}
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 || int64(len(entries)) != first+width {
			return nil, fmt.Errorf("%s does not hold %d whole entries", name, width)
		}
	}
	return entries, nil
}

type inclusion struct {
	Size  int64    `json:"size"`
	Index int64    `json:"index"`
	Proof []string `json:"proof"`
}

type consistency struct {
	Old   int64    `json:"old"`
	New   int64    `json:"new"`
	Proof []string `json:"proof"`
}

type document struct {
	Source      string        `json:"source"`
	Key         string        `json:"key"`
	Notes       []string      `json:"notes"`
	Entries     string        `json:"entries"`
	Roots       []string      `json:"roots"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

// vectors prints a log of 13 entries, entry n being the decimal digits of n.
func vectors() error {
	const count = 13
	signing, verifying, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "go.example/log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(signing)
	if err != nil {
		return err
	}
	found := document{
		Source:  "made by tests/vectors/go-reader/main.go with golang.org/x/mod/sumdb/note and tlog",
		Key:     verifying,
		Entries: "entry n is the decimal digits of n in ASCII",
	}
	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for size := int64(1); size <= count; size++ {
		more, err := tlog.StoredHashes(size-1, []byte(strconv.FormatInt(size-1, 10)), own)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
		root, err := tlog.TreeHash(size, own)
		if err != nil {
			return err
		}
		found.Roots = append(found.Roots, root.String())
		text := fmt.Sprintf("go.example/log\n%d\n%s\n", size, base64.StdEncoding.EncodeToString(root[:]))
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			return err
		}
		found.Notes = append(found.Notes, string(signed))
		for index := int64(0); index < size; index++ {
			proof, err := tlog.ProveRecord(size, index, own)
			if err != nil {
				return err
			}
			found.Inclusion = append(found.Inclusion, inclusion{size, index, words(proof)})
		}
		for old := int64(1); old <= size; old++ {
			proof, err := tlog.ProveTree(size, old, own)
			if err != nil {
				return err
			}
			found.Consistency = append(found.Consistency, consistency{old, size, words(proof)})
		}
	}
	written := json.NewEncoder(os.Stdout)
	return written.Encode(found)
}

func words(hashes []tlog.Hash) []string {
	found := []string{}
	for _, hash := range hashes {
		found = append(found, hash.String())
	}
	return found
}
