package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const materialsEnding = ".cdx.json"

// writeMaterials writes what a program was made of into a file, as the program itself
// says (go version -m), in CycloneDX: each module with its version and checksum.
func writeMaterials(path, program, version string, at time.Time) (err error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	bill, err := materials(info, version, at)
	if err != nil {
		return err
	}
	return cdx.NewBOMEncoder(file, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bill)
}

// materials is the bill of a program. It has no serial number, which would be another
// one each time.
func materials(info *debug.BuildInfo, version string, at time.Time) (*cdx.BOM, error) {
	bill := cdx.NewBOM()
	bill.SerialNumber = ""
	main := cdx.Component{
		BOMRef: "pkg:golang/" + info.Main.Path + "@" + version, Type: cdx.ComponentTypeApplication,
		Name: info.Main.Path, Version: version, PackageURL: "pkg:golang/" + info.Main.Path + "@" + version,
	}
	var properties []cdx.Property
	for _, s := range info.Settings {
		properties = append(properties, cdx.Property{Name: "go:" + s.Key, Value: s.Value})
	}
	main.Properties = &properties
	bill.Metadata = &cdx.Metadata{Timestamp: at.Format(time.RFC3339), Component: &main}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	goRef := "pkg:golang/std@" + goVersion
	components := []cdx.Component{{BOMRef: goRef, Type: cdx.ComponentTypeLibrary, Name: "std", Version: goVersion, PackageURL: goRef}}
	refs := []string{goRef}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(dep.Sum, "h1:"))
		if err != nil || len(sum) == 0 {
			return nil, fmt.Errorf("%s has no checksum: it does not come from where everybody gets it", dep.Path)
		}
		ref := "pkg:golang/" + dep.Path + "@" + dep.Version
		components = append(components, cdx.Component{
			BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: dep.Path, Version: dep.Version, PackageURL: ref,
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}},
		})
		refs = append(refs, ref)
	}
	bill.Components = &components
	bill.Dependencies = &[]cdx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	return bill, nil
}
