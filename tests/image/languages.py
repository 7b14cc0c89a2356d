"""Writes what Composer, the .NET SDK and setuptools write down of libraries into a root, and prints what that is."""
import json
import os
import sys
import zipfile

root = sys.argv[1]


def write(path, text):
    os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
    with open(f"{root}/{path}", "w") as file:
        file.write(text)


php = [("symfony/http-foundation", "v5.4.19"), ("monolog/monolog", "2.9.1"), ("acme/site", "dev-main")]
packages = [{"name": name, "version": version, "type": "library", "license": ["MIT"]} for name, version in php]
write("srv/vendor/composer/installed.json", json.dumps({"packages": packages, "dev": False, "dev-package-names": []}))
for name, version in php:
    print("composer", name, version.removeprefix("v"))

target = ".NETCoreApp,Version=v8.0/linux-x64"
libraries = {
    "Shop/1.0.0": ("project", "runtime"),
    "Newtonsoft.Json/12.0.3": ("package", "runtime"),
    "Microsoft.Data.SqlClient/5.1.0": ("package", "runtimeTargets"),
    "Only.For.Building/1.0.0": ("package", "compile"),
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.3": ("runtimepack", "runtime"),
}
write("app/Shop.deps.json", json.dumps({
    "runtimeTarget": {"name": target, "signature": ""},
    "targets": {".NETCoreApp,Version=v8.0": {}, target: {
        name: {assets: {"lib/x.dll": {"assemblyVersion": "1.0.0.0"}}} for name, (_, assets) in libraries.items()
    }},
    "libraries": {name: {"type": kind, "serviceable": True, "sha512": ""} for name, (kind, _) in libraries.items()},
}))
for name, (kind, assets) in libraries.items():
    if kind != "project" and assets != "compile":
        print("nuget", *name.removeprefix("runtimepack.").split("/"))

egg = f"{root}/usr/lib/python3/dist-packages/sample-2.5-py3.11.egg"
os.makedirs(os.path.dirname(egg))
with zipfile.ZipFile(egg, "w") as archive:
    archive.writestr("sample/__init__.py", "")
    archive.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 1.1\nName: sample\nVersion: 2.5\n")
print("python sample 2.5")
