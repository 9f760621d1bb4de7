setlocal enabledelayedexpansion
set DIR=%~dp0
set "keystore=!DIR!\a.p12"
set client_id=%1
if "%x%"=="" set x=%y:a=b%
