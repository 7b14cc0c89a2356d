"""Writes Java archives with others in them, two deep, into a root; what is in them goes to ROOT.truth."""
import io
import os
import sys
import zipfile

root = sys.argv[1]


def archive(artifacts, nested=()):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n")
        for group, artifact, version in artifacts:
            text = f"#Generated\nversion={version}\ngroupId={group}\nartifactId={artifact}\n"
            jar.writestr(f"META-INF/maven/{group}/{artifact}/pom.properties", text)
        for name, inner in nested:
            jar.writestr(f"BOOT-INF/lib/{name}", inner, zipfile.ZIP_STORED)
    return content.getvalue()


log4j = ("org.apache.logging.log4j", "log4j-core", "2.14.1")
spring = ("org.springframework", "spring-core", "5.3.17")
web = ("org.example", "web", "3.0")
app = ("org.example", "app", "1.0.0")
os.makedirs(f"{root}/opt", exist_ok=True)
with open(f"{root}/opt/app.jar", "wb") as jar:
    jar.write(archive([app], [("log4j-core-2.14.1.jar", archive([log4j])), ("spring-core-5.3.17.jar", archive([spring]))]))
with open(f"{root}/opt/all.ear", "wb") as ear:
    ear.write(archive([], [("web.war", archive([], [("web-3.0.jar", archive([web]))]))]))
with open(f"{root}.truth", "w") as truth:
    for group, artifact, version in (app, log4j, spring, web):
        truth.write(f"java {group}:{artifact} {version}\n")
