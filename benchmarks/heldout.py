"""Copies on which nothing was chosen: other crops, insets, speeds, overlays and chains than the other two sets have.

    python benchmarks/heldout.py CLIPS OUT [--only pip35,zoomout] [--jobs 2]
    python benchmarks/heldout.py        names the attacks

Writes OUT/*.mp4 and OUT/truth.csv in the form of attacks.py, for `benchmarks/matching.py --copies OUT`. Misses were
looked at for every second clip only (`--half looking`); what is found of the other clips (`--half final`) was counted.
"""

from __future__ import annotations

from typing import Final

from copies import Attack, main

_FONT: Final = "fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
#: A low-rate copy inside the graph: the codec's losses without a second file.
_SMALL: Final = "scale=trunc(iw/5)*2:-2,gblur=sigma=0.7,noise=alls=8:allf=t:all_seed=5,scale={W}:{H}"
#: What a camera held before a screen does: the picture drifts, turns and breathes.
_HELD: Final = (
    "rotate='0.03*sin(1.1*t)':fillcolor=black,"
    "crop=w={W}-40:h={H}-40:x='20+9*sin(1.7*t)':y='20+8*sin(2.3*t+1)',eq=gamma=1.25:contrast=0.8,gblur=sigma=1.1,"
    "noise=alls=10:allf=t:all_seed=11"
)
_CAPTION: Final = (
    f"drawtext={_FONT}:text='shared by a friend':fontsize=h*0.06:fontcolor=yellow:borderw=2:x=(w-text_w)/2:y=h*0.06"
)
_TWO_LINES: Final = (
    f"drawtext={_FONT}:text='line %{{eif\\:t/2\\:d}} of what':fontsize=h*0.06:fontcolor=white:borderw=2:x=(w-text_w)/2:y=h*0.78,"  # noqa: E501
    f"drawtext={_FONT}:text='he said at %{{eif\\:t/2\\:d}}':fontsize=h*0.06:fontcolor=white:borderw=2:x=(w-text_w)/2:y=h*0.87"  # noqa: E501
)
_TICKER: Final = (
    f"drawbox=y=ih*0.88:h=ih*0.12:w=iw:color=darkred:t=fill,"
    f"drawtext={_FONT}:text='breaking news from the square    eyewitness film    more at eight':"
    "fontsize=h*0.08:fontcolor=white:x=w-mod(60*t\\,3*w):y=h*0.9"
)


def _pip(share: float, x: str, y: str, before: str = "null") -> Attack:
    width = round(480 * share / 2) * 2
    return Attack(f"[s]{before},scale={width}:-2[f];[o][f]overlay={x}:{y}:shortest=1", other=True)


GEOMETRY: Final = {
    "crop64": Attack("[s]crop=iw*0.8:ih*0.8:iw*0.16:ih*0.2"),
    "crop42": Attack("[s]crop=iw*0.65:ih*0.65:iw*0.3:ih*0.35"),
    "cropleft": Attack("[s]crop=iw*0.62:ih:0:0"),
    "zoomout": Attack(
        "[s]scale=w='2*trunc({W}*(1.3-0.3*t/{D})/2)':h='2*trunc({H}*(1.3-0.3*t/{D})/2)':eval=frame,crop={W}:{H}"
    ),
    "zoom15": Attack(
        "[s]scale=w='2*trunc({W}*(1+0.5*t/{D})/2)':h='2*trunc({H}*(1+0.5*t/{D})/2)':eval=frame,crop={W}:{H}"
    ),
    "drift": Attack("[s]crop=w=iw*0.78:h=ih*0.78:x='(iw-ow)*t/{D}':y='(ih-oh)*0.4'"),
    "rotate3": Attack("[s]rotate=-3*PI/180:fillcolor=black"),
    "rotate8": Attack("[s]rotate=8*PI/180,crop=iw*0.8:ih*0.8"),
    "held": Attack(f"[s]{_HELD}"),
    "squeeze": Attack("[s]scale=iw*0.7:ih"),
    "pillar": Attack("[s]pad=trunc(iw*0.75)*2:ih:(ow-iw)/2:0:color=0x202830"),
    "frame": Attack("[s]pad=trunc(iw*0.59)*2:trunc(ih*0.62)*2:(ow-iw)/2:(oh-ih)/3:color=white"),
}
OVERLAYS: Final = {
    "post": Attack(
        "[s]scale=270:-2,pad=270:480:0:(oh-ih)/2:color=white,drawbox=x=12:y=14:w=40:h=40:color=teal:t=fill,"
        f"drawtext={_FONT}:text='someone @somewhere':x=62:y=24:fontsize=15,"
        f"drawtext={_FONT}:text='like   reply   share':x=20:y=h-40:fontsize=15:fontcolor=gray"
    ),
    "emoji": Attack(f"[s]drawtext={_FONT}:text='☻':fontsize=h*0.32:fontcolor=yellow:x=w*0.06:y=h*0.6"),
    "emojimoving": Attack(
        f"[s]drawtext={_FONT}:text='☻':fontsize=h*0.3:fontcolor=orange:x=w*0.35+w*0.25*sin(1.3*t):y=h*0.35+h*0.2*cos(t)"
    ),
    "watermark": Attack(f"[s]drawtext={_FONT}:text='SAMPLE':fontsize=h*0.3:fontcolor=white@0.4:x=w*0.1:y=h*0.35"),
    "blurredface": Attack(
        "[s]split[a][b];[b]crop=iw*0.3:ih*0.4:iw*0.4:ih*0.1,gblur=sigma=14[f];[a][f]overlay=W*0.4:H*0.1"
    ),
    "twolines": Attack(f"[s]{_TWO_LINES}"),
    "ticker": Attack(f"[s]{_TICKER}"),
}
INSETS: Final = {
    "pip20": _pip(0.2, "10", "10"),
    "pip35": _pip(0.35, "20", "16"),
    "pip45": _pip(0.45, "W-w-14", "H-h-10"),
    "pip60": _pip(0.6, "W-w-6", "6"),
    "pipmirror": _pip(0.38, "(W-w)/2", "H-h-8", "hflip"),
    "duet": Attack(
        "[s]scale=240:426:force_original_aspect_ratio=increase,crop=240:426[f];"
        "[o]scale=-2:426,crop=240:426[r];[r][f]hstack=shortest=1",
        other=True,
    ),
}
LIGHT: Final = {
    "dark": Attack("[s]eq=gamma=0.55:brightness=-0.06"),
    "flat": Attack("[s]eq=contrast=0.5:brightness=0.1:saturation=0.6"),
    "tint": Attack("[s]colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131,vignette=PI/4"),
    "hue": Attack("[s]hue=h=140:s=1.6"),
    "sharpened": Attack("[s]unsharp=7:7:2.2,eq=contrast=1.2"),
}
TIME: Final = {
    "speed085": Attack("[s]setpts=PTS/0.85", speed=0.85),
    "speed115": Attack("[s]setpts=PTS/1.15", speed=1.15),
    "speed103": Attack("[s]setpts=PTS/1.03", speed=1.03),
    "speed133": Attack("[s]setpts=PTS/1.33", speed=1.33),
    "fps6": Attack("[s]fps=6"),
    "fps50": Attack("[s]framerate=fps=50"),
    "excerpt3": Attack("[s]null", excerpt=3.0),
    "excerpt2crop": Attack("[s]crop=iw*0.85:ih*0.85:iw*0.05:ih*0.1", excerpt=2.2),
}
CHAINS: Final = {
    "twostep": Attack(f"[s]{_SMALL},scale=iw*0.8:-2"),
    "smallcrop": Attack(f"[s]{_SMALL},crop=iw*0.88:ih*0.84:iw*0.02:ih*0.12,eq=brightness=0.06:contrast=1.2"),
    "mirrorspeedtext": Attack(f"[s]hflip,setpts=PTS/1.07,crop=iw*0.9:ih*0.9:iw*0.02:ih*0.07,{_TWO_LINES}", speed=1.07),
    "heldcaption": Attack(f"[s]{_CAPTION},{_HELD}"),
    "verticalticker": Attack(
        f"[s]hue=s=0,{_TICKER},split[a][b];"
        "[a]scale=288:512:force_original_aspect_ratio=increase,crop=288:512,gblur=sigma=12[bg];"
        "[b]scale=280:-2[fg];[bg][fg]overlay=(W-w)/2:(H-h)*0.4"
    ),
    "rotatedpost": Attack(
        "[s]rotate=2*PI/180,crop=iw*0.93:ih*0.93,scale=250:-2,pad=270:480:10:(oh-ih)*0.4:color=0x15202b"
    ),
    "darkpip": _pip(0.42, "16", "H-h-16", "eq=gamma=0.7,crop=iw*0.95:ih*0.9"),
    "slowflip": Attack("[s]hflip,vflip,setpts=PTS/0.88,eq=contrast=1.2", speed=0.88),
}
ATTACKS: Final = GEOMETRY | OVERLAYS | INSETS | LIGHT | TIME | CHAINS

if __name__ == "__main__":
    main(__doc__, ATTACKS)
